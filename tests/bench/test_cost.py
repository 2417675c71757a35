"""Hours, requests, bytes and amounts from the work of one photograph."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.bench.cost import Amounts, Prices, Work, amounts, price
from sr_batch.bench.cost_sample import Sample, Taken
from sr_batch.bench.cost_table import Row, assumptions, record, table
from sr_batch.core.image import Image

COUNTS = st.integers(1, 10**9)
SHARDS = st.integers(1, 1000)
REAL = st.integers(0, 10**9).map(float)
WORK = st.builds(Work, REAL, REAL, REAL, REAL)
PRICES = st.builds(Prices, *[st.integers(0, 100).map(float)] * 7)


@given(WORK, st.integers(1, 10**6))
def test_hours_bytes_and_requests_are_in_proportion(work: Work, thousands: int) -> None:
    one, many = amounts(work, 1000, 4), amounts(work, 1000 * thousands, 4)
    for name in ("core_hours", "gpu_hours", "bytes_read", "bytes_written"):
        assert getattr(many, name) == pytest.approx(thousands * getattr(one, name))
    assert (many.gets, many.lists - 3) == (thousands * one.gets, thousands * (one.lists - 3))
    assert thousands * (one.puts - 6) <= many.puts - 5 <= thousands * (one.puts - 5)


@given(WORK, COUNTS, SHARDS)
def test_more_shards_change_only_puts_and_lists(work: Work, count: int, shards: int) -> None:
    one, many = amounts(work, count, 4), amounts(work, count, 4, shards)
    assert replace(many, puts=one.puts, lists=one.lists) == one
    assert many.lists == shards * one.lists
    assert many.puts == one.puts + 5 * (shards - 1)


@given(st.integers(1, 10**6).map(float), COUNTS)
def test_records_are_no_more_than_results(seconds: float, count: int) -> None:
    """Slow photographs are recorded one by one, quick ones by the thousand."""
    quick, slow = amounts(Work(1e-9, 0, 0, 0), count, 4), amounts(Work(seconds, 0, 0, 0), count, 4)
    assert quick.puts == pytest.approx(1.001 * count + 5, abs=2)
    assert quick.puts - 2 <= slow.puts <= 3 * count + 5
    assert amounts(Work(240 * seconds, 0, 0, 0), count, 4).puts == 3 * count + 5


@given(WORK, COUNTS, PRICES)
def test_a_price_counts_each_amount_once(work: Work, count: int, prices: Prices) -> None:
    found = amounts(work, count, 4)
    assert price(found, Prices()) == 0
    doubled = replace(prices, **{name: 2 * getattr(prices, name) for name in _MONEY})
    assert abs(price(found, doubled) - 2 * price(found, prices)) <= 1e-9 * price(found, doubled)
    alone = sum(
        price(found, Prices(**{name: getattr(prices, name)}, months=prices.months))
        for name in _MONEY
    )
    assert abs(alone - price(found, prices)) <= 1e-9 * alone


_MONEY = ("core_hour", "gpu_hour", "gets", "puts", "gb_stored", "gb_read")


def test_a_million_photographs_of_ten_core_seconds() -> None:
    found = amounts(Work(10.0, 0.0, 4e6, 16e6), 1_000_000, 10)
    assert found == Amounts(
        core_hours=1e7 / 3600,
        gpu_hours=0.0,
        gets=1_000_000,
        puts=1_050_005,  # 16,667 manifests, one a minute, and 33,334 records
        lists=2003,
        bytes_read=4e12,
        bytes_written=16e12,
    )
    prices = Prices(core_hour=0.036, gets=0.0004, puts=0.005, gb_stored=0.02, months=3, gb_read=0.1)
    assert round(price(found, prices), 2) == 100 + 0.4 + 5.26 + 960 + 400


def rows(gpu: float = 0.0) -> list[Row]:
    return [Row("fast", "fp32", "CPU", amounts(Work(9.0, gpu, 4e6, 16e6), 1_000_000, 9))]


def test_columns_without_figures_are_left_out() -> None:
    head, line = table(rows(), Prices())
    assert "GPU-HOURS" not in head
    assert "COST" not in head
    assert line == ("fast", "fp32", "2,500", "1,000,000", "1,050,005", "2,003", "4,000", "16,000")
    head, line = table(rows(gpu=0.018), Prices(gpu_hour=2.0))
    assert (line[head.index("GPU-HOURS")], line[head.index("COST")]) == ("5.0", "10.00")
    assert record(rows()[0], Prices())["cost"] is None
    assert record(rows()[0], Prices(core_hour=0.1))["cost"] == 250


def test_the_assumptions_name_the_sample_the_shards_and_the_prices() -> None:
    taken = Taken("jpg", 12e6, 4.8e6, 0.1, Image(np.zeros((8, 8, 3), np.uint8)))
    lines = assumptions(rows(), Sample([taken], 500), 16, 9, Prices(puts=0.005))
    text = "\n".join(lines)
    assert "1,000,000 photographs of 12 megapixels and 4.8 MB, as 1 of the 500 given" in text
    assert "requests of 16 shards, each of which lists all keys, on 9 cores" in text
    assert "prices are those that you gave: 0.005 for 1,000 PUT or LIST" in text
    assert "enlarge and encode: measured on parts of 1 photographs" in text
    unmeasured = [replace(rows(gpu=1.0)[0], provider="")]
    text = "\n".join(assumptions(unmeasured, Sample([taken]), 1, 9, Prices()))
    assert "assumed" in text
    assert "the throughput that you gave" in text
    text = "\n".join(assumptions(rows(gpu=1.0), Sample([taken]), 1, 9, Prices()))
    assert "enlarge and encode, GPU-hours the time of the network: measured" in text
    assert "no cost, because no price was given" in text
