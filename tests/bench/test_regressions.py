from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.bench.measurement import Measurement
from sr_batch.bench.regressions import MAX_SPEED_LOSS, least_speed, regressions, violations
from sr_batch.bench.tile_seams import TileSeams
from tests.bench.measurements import ROW, with_psnr

NAN = float("nan")


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (ROW, None),
        (replace(ROW, parity=9e-5), None),
        (replace(ROW, parity=2e-4), "parity"),
        (replace(ROW, parity=NAN), "parity"),
        (replace(ROW, precision="fp16", parity=2e-3), None),
        (replace(ROW, precision="fp16", parity=1e-2), "parity"),
        (replace(ROW, precision="int8", parity=0.2), "parity"),
        (replace(ROW, seam=TileSeams(2, 1, 100_000)), "parity"),
        (replace(ROW, seam=TileSeams(1, 11, 100_000)), "parity"),
        (replace(ROW, seam=TileSeams(1, 10, 100_000)), None),
        (with_psnr(ROW, 31.985), None),
        (with_psnr(ROW, 31.975), "quality"),
        (with_psnr(ROW, NAN), "quality"),
        (replace(with_psnr(ROW, 20.0), claims={}), None),
    ],
)
def test_finds_violations_of_fixed_limits(row: Measurement, word: str | None) -> None:
    found = [*violations(row)]
    assert [line.split(":")[0] for line in found] == ([word] if word else [])


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (ROW, None),
        (with_psnr(ROW, 31.985), None),
        (with_psnr(ROW, 31.975), "quality"),
        (with_psnr(ROW, 33.0), None),
        (with_psnr(ROW, NAN), "quality"),
        (replace(ROW, parity=9e-5), None),  # other processors add up in another order
        (replace(ROW, parity=2e-4), "parity"),
        (replace(ROW, parity=NAN), "parity"),
        (replace(ROW, speed=0.43), None),
        (replace(ROW, speed=0.42), "speed"),
        (replace(ROW, speed=5.0), None),
        (replace(ROW, memory=1 << 40, start=100.0), None),
    ],
)
def test_finds_regressions(row: Measurement, word: str | None) -> None:
    found = [*regressions(row, ROW)]
    assert [line.split(":")[0] for line in found] == ([word] if word else [])


def test_an_int8_network_must_not_differ_more_than_before() -> None:
    before = replace(ROW, precision="int8", parity=0.02)
    assert not [*regressions(replace(before, parity=0.039), before)]
    assert [*regressions(replace(before, parity=0.041), before)]


def test_sets_that_only_one_report_has_do_not_count() -> None:
    other = replace(with_psnr(ROW, 20.0), quality={"other": ROW.quality["photos"]})
    assert not [*regressions(other, ROW)]


numbers = st.floats(1e-3, 1e3)


@given(st.builds(replace, st.just(ROW), speed=numbers, parity=st.floats(0, 0.1)), numbers)
def test_no_regression_against_itself_or_something_worse(row: Measurement, factor: float) -> None:
    assert not [*regressions(row, row)]
    worse = replace(row, speed=row.speed / (1 + factor), parity=row.parity * (1 + factor))
    assert not [*regressions(row, worse)]


@given(numbers, st.floats(0, 1, exclude_max=True))
def test_a_speed_below_the_allowed_share_is_a_regression(before: float, share: float) -> None:
    row = replace(ROW, speed=before)
    now = before * share
    lost = any(line.startswith("speed") for line in regressions(replace(row, speed=now), row))
    assert lost == (now < least_speed(row))
    assert least_speed(row) == pytest.approx(before * (1 - MAX_SPEED_LOSS))
