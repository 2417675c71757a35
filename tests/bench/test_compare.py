from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.bench.compare import MAX_SPEED_LOSS, faults, least_speed, losses
from sr_batch.bench.row import Row
from sr_batch.bench.seam import Seam
from tests.bench.rows import ROW, with_psnr

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
        (replace(ROW, seam=Seam(2, 1, 100_000)), "parity"),
        (replace(ROW, seam=Seam(1, 11, 100_000)), "parity"),
        (replace(ROW, seam=Seam(1, 10, 100_000)), None),
        (with_psnr(ROW, 31.985), None),
        (with_psnr(ROW, 31.975), "quality"),
        (with_psnr(ROW, NAN), "quality"),
        (replace(with_psnr(ROW, 20.0), claims={}), None),
    ],
)
def test_finds_what_no_network_may_do(row: Row, word: str | None) -> None:
    found = [*faults(row)]
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
def test_finds_what_was_lost(row: Row, word: str | None) -> None:
    found = [*losses(row, ROW)]
    assert [line.split(":")[0] for line in found] == ([word] if word else [])


def test_a_rounding_network_may_not_round_more() -> None:
    before = replace(ROW, precision="int8", parity=0.02)
    assert not [*losses(replace(before, parity=0.039), before)]
    assert [*losses(replace(before, parity=0.041), before)]


def test_pictures_that_one_of_them_has_not_seen_do_not_count() -> None:
    other = replace(with_psnr(ROW, 20.0), quality={"other": ROW.quality["photos"]})
    assert not [*losses(other, ROW)]


numbers = st.floats(1e-3, 1e3)


@given(st.builds(replace, st.just(ROW), speed=numbers, parity=st.floats(0, 0.1)), numbers)
def test_nothing_is_lost_against_itself_or_worse(row: Row, factor: float) -> None:
    assert not [*losses(row, row)]
    worse = replace(row, speed=row.speed / (1 + factor), parity=row.parity * (1 + factor))
    assert not [*losses(row, worse)]


@given(numbers, st.floats(0, 1, exclude_max=True))
def test_a_speed_is_lost_below_the_share_allowed(before: float, share: float) -> None:
    row = replace(ROW, speed=before)
    now = before * share
    lost = any(line.startswith("speed") for line in losses(replace(row, speed=now), row))
    assert lost == (now < least_speed(row))
    assert least_speed(row) == pytest.approx(before * (1 - MAX_SPEED_LOSS))
