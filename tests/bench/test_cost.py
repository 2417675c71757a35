"""Hours, requests, bytes and amounts from the work of one photograph."""

from dataclasses import replace

import numpy as np
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
    one, many = amounts(work, 1000), amounts(work, 1000 * thousands)
    for name in ("core_hours", "gpu_hours", "bytes_read", "bytes_written"):
        assert abs(getattr(many, name) - thousands * getattr(one, name)) <= 1e-9 * getattr(
            many, name
        )
    assert (many.gets, many.lists) == (thousands * one.gets, thousands * one.lists)
    assert many.puts - 2 == thousands * (one.puts - 2)


@given(WORK, COUNTS, SHARDS)
def test_more_shards_change_only_puts_and_lists(work: Work, count: int, shards: int) -> None:
    one, many = amounts(work, count), amounts(work, count, shards)
    assert replace(many, puts=one.puts, lists=one.lists) == one
    assert many.lists == shards * one.lists
    assert one.puts <= many.puts <= one.puts + 3 * shards


@given(WORK, COUNTS, PRICES)
def test_a_price_counts_each_amount_once(work: Work, count: int, prices: Prices) -> None:
    found = amounts(work, count)
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
    found = amounts(Work(10.0, 0.0, 4e6, 16e6), 1_000_000)
    assert found == Amounts(
        core_hours=1e7 / 3600,
        gpu_hours=0.0,
        gets=1_000_000,
        puts=1_001_002,  # a manifest for each thousand, and two tries
        lists=2000,
        bytes_read=4e12,
        bytes_written=16e12,
    )
    prices = Prices(core_hour=0.036, gets=0.0004, puts=0.005, gb_stored=0.02, months=3, gb_read=0.1)
    assert round(price(found, prices), 2) == 100 + 0.4 + 5.02 + 960 + 400


def rows(gpu: float = 0.0) -> list[Row]:
    return [Row("fast", "fp32", "CPU", amounts(Work(9.0, gpu, 4e6, 16e6), 1_000_000))]


def test_columns_without_figures_are_left_out() -> None:
    head, line = table(rows(), Prices())
    assert "GPU-HOURS" not in head
    assert "COST" not in head
    assert line == ("fast", "fp32", "2,500", "1,000,000", "1,001,002", "2,000", "4,000", "16,000")
    head, line = table(rows(gpu=0.018), Prices(gpu_hour=2.0))
    assert (line[head.index("GPU-HOURS")], line[head.index("COST")]) == ("5.0", "10.00")
    assert record(rows()[0], Prices())["cost"] is None
    assert record(rows()[0], Prices(core_hour=0.1))["cost"] == 250


def test_the_assumptions_name_the_sample_the_shards_and_the_prices() -> None:
    taken = Taken("jpg", 12e6, 4.8e6, 0.1, Image(np.zeros((8, 8, 3), np.uint8)))
    lines = assumptions(rows(), Sample([taken], 500), 10**6, 16, Prices(puts=0.005))
    text = "\n".join(lines)
    assert "1,000,000 photographs of 12 megapixels and 4.8 MB, as 1 of the 500 given" in text
    assert "16 shards, each of which lists all keys" in text
    assert "prices are those that you gave: 0.005 for 1,000 PUT or LIST" in text
    assert "enlarge and encode: measured on parts of 1 photographs" in text
    unmeasured = [replace(rows(gpu=1.0)[0], provider="")]
    text = "\n".join(assumptions(unmeasured, Sample([taken]), 10**6, 1, Prices()))
    assert "assumed" in text
    assert "the throughput that you gave" in text
    text = "\n".join(assumptions(rows(gpu=1.0), Sample([taken]), 10**6, 1, Prices()))
    assert "enlarge and encode, GPU-hours the time of the network: measured" in text
    assert "no cost, because no price was given" in text
