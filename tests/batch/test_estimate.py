"""The estimate of what a run still takes, on clocks of simulated runs."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch.batch.estimate import Cost, Estimate, Later, mean
from tests.batch.simulated_run import Look, Picture, looks

SMALL = [Picture(4, 0.2, 0.05)] * 60
LARGE = [Picture(60, 2.0, 8.0)]
RUNS = {
    "one large picture": [Picture(60, 3.0, 4.0)],
    "small ones, then a large one": SMALL + LARGE,
    "a large one, then small ones": LARGE + SMALL,
    "a large one in the middle": SMALL[:30] + LARGE + SMALL[30:],
    "a slow encoder": [Picture(8, 0.2, 1.0)] * 40,
}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def worst(seen: list[Look]) -> float:
    """The largest relative error after a tenth of the run; in its last tenth, seconds are much."""
    end = seen[0].left
    found = [look for look in seen if 0.1 * end <= look.at <= 0.9 * end]
    assert len(found) > 50
    estimates = [(look.estimated, look.left) for look in found]
    return max(abs(seconds - left) / left for seconds, left in estimates if seconds is not None)


@pytest.mark.parametrize("faster", [0.7, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("run", RUNS)
def test_after_a_tenth_of_a_run_it_is_within_a_quarter(
    run: str, threads: int, faster: float
) -> None:
    """Even if the machine is four times as slow during the run as in the calibration."""
    seen = looks(RUNS[run], threads, faster)
    assert seen[0].estimated == pytest.approx(seen[0].left / faster, rel=0.1)
    assert worst(seen) < 0.25


@pytest.mark.parametrize("run", RUNS)
def test_finished_tiles_are_enough_without_a_calibration(run: str) -> None:
    seen = looks(RUNS[run], threads=2, calibrated=False)
    assert seen[0].estimated is None
    assert worst(seen) < 0.25


def test_it_does_not_jump_when_tiles_end_together() -> None:
    seen = looks([Picture(40, 5.0)], threads=4)
    estimates = [look.estimated for look in seen if look.estimated is not None]
    steps = [abs(after - before) for before, after in pairwise(estimates)]
    assert max(steps) < 0.75  # looks are 0.25 seconds apart, and a tile takes five


pictures = st.builds(
    Picture, st.integers(1, 20), st.floats(0.01, 30), st.just(0.0) | st.floats(0.01, 20)
)


@settings(max_examples=25)
@given(
    st.lists(pictures, min_size=1, max_size=5),
    st.integers(1, 8),
    st.floats(0.1, 10),
    st.booleans(),
)
def test_it_is_never_negative(
    run: list[Picture], threads: int, faster: float, calibrated: bool
) -> None:
    for look in looks(run, threads, faster, calibrated):
        assert look.estimated is None or look.estimated >= 0


@settings(max_examples=25)
@given(st.integers(40, 100), st.floats(0.1, 10), st.floats(0.2, 5), st.integers(1, 4))
def test_it_converges_at_a_constant_speed(
    tiles: int, tile_seconds: float, faster: float, threads: int
) -> None:
    seen = looks([Picture(tiles - tiles % threads, tile_seconds)], threads, faster)
    half = [look for look in seen if look.at > 0.5 * seen[0].left]
    for look in half:
        assert look.estimated == pytest.approx(look.left, abs=0.1 * seen[0].left)


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=9), st.floats(0.1, 100))
def test_more_work_takes_longer(seconds: list[float], more: float) -> None:
    costs = {str(number): Cost(9, each, each / 9) for number, each in enumerate(seconds)}
    few = Estimate(costs, 2, clock=Clock()).seconds
    many = Estimate(costs | {"another": Cost(9, more, 0.0)}, 2, clock=Clock()).seconds
    slow = Estimate(costs | {"another": Cost(9, more, 100.0)}, 2, clock=Clock()).seconds
    assert few is not None
    assert many is not None
    assert slow is not None
    assert few <= many < slow  # a little work may fit in while the last image is encoded


def test_the_first_estimate_comes_before_the_first_tile_ends(clock: Clock) -> None:
    estimate = Estimate({"a": Cost(1000, 60.0, 10.0)}, threads=2, clock=clock)
    assert estimate.seconds == 70
    estimate.begin("a", Cost(1000, 60.0, 10.0))
    clock.now = 6.0
    assert estimate.seconds == pytest.approx(64)
    assert estimate.speed is None


def test_a_slow_first_tile_raises_the_estimate(clock: Clock) -> None:
    """All of the calibrated time is over, and not one of ten tiles has ended."""
    estimate = Estimate({"a": Cost(1000, 20.0, 0.0)}, threads=1, clock=clock)
    estimate.begin("a", Cost(1000, 20.0, 0.0))
    clock.now = 30.0
    estimate.compute("a", 100)
    assert estimate.seconds == pytest.approx(9 * 30, rel=0.2)
    assert estimate.speed == pytest.approx(100 / 30)


def test_an_encoder_at_the_end_counts_down(clock: Clock) -> None:
    estimate = Estimate({"a": Cost(10, 10.0, 40.0)}, threads=4, clock=clock)
    estimate.begin("a", Cost(10, 10.0, 40.0))
    clock.now = 10.0
    estimate.compute("a", 10)
    assert estimate.seconds == pytest.approx(40)
    clock.now = 30.0
    assert estimate.seconds == pytest.approx(20, rel=0.2)
    clock.now = 90.0
    seconds = estimate.seconds
    assert seconds is not None
    assert seconds > 0
    estimate.finish("a")
    assert estimate.seconds == 0
    assert estimate.share == 1


def test_what_is_skipped_leaves_the_total_and_its_time_does_not_count(clock: Clock) -> None:
    names = [str(number) for number in range(10)]
    estimate = Estimate(dict.fromkeys(names, Cost(100, 10.0, 0.0)), threads=1, clock=clock)
    for name in names[:8]:
        clock.now += 50  # hashing a large file
        estimate.leave(name)
    assert estimate.seconds == 20
    assert estimate.share == 0
    estimate.begin("8", Cost(100, 10.0, 0.0))
    clock.now += 10
    estimate.compute("8", 100)
    estimate.finish("8")
    assert estimate.seconds == pytest.approx(10)
    assert estimate.share == pytest.approx(0.5)


def test_what_failed_halfway_leaves_the_rest(clock: Clock) -> None:
    costs = {"a": Cost(100, 10.0, 0.0), "b": Cost(100, 10.0, 0.0)}
    estimate = Estimate(costs, threads=1, clock=clock)
    estimate.begin("a", costs["a"])
    clock.now = 5.0
    estimate.compute("a", 50)
    estimate.leave("a")
    assert estimate.seconds == pytest.approx(10)


def test_restored_tiles_are_neither_work_nor_speed(clock: Clock) -> None:
    estimate = Estimate({"a": Cost(100, 100.0, 0.0)}, threads=1, clock=clock)
    estimate.begin("a", Cost(100, 100.0, 0.0))
    estimate.restore("a", 60)
    assert estimate.seconds == pytest.approx(40)
    assert estimate.share == 0
    clock.now = 10.0
    estimate.compute("a", 10)
    assert estimate.seconds == pytest.approx(30)
    assert estimate.speed == pytest.approx(1)


def test_a_better_known_cost_replaces_the_first_one(clock: Clock) -> None:
    estimate = Estimate({"a": Cost(0, 0.0, 0.0)}, threads=2, clock=clock)
    assert estimate.seconds is None
    estimate.begin("a", Cost(100, 30.0, 0.0))
    assert estimate.seconds == pytest.approx(30)


def test_the_encoder_of_a_first_image_ends_before_the_others(clock: Clock) -> None:
    costs = {"a": Cost(100, 10.0, 40.0), "b": Cost(100, 100.0, 0.0)}
    estimate = Estimate(costs, threads=4, clock=clock)
    for _ in range(2):
        assert estimate.seconds == pytest.approx(10 + 100 + 40 / 4)
        estimate.begin("a", costs["a"])


def test_the_mean_stands_for_a_cost_that_is_not_known() -> None:
    assert mean([Cost(10, 1.0, 3.0), Cost(30, 2.0, 1.0)]) == Cost(20, 1.5, 2.0)
    assert mean([]) == Cost(0, 0.0, 0.0)


def test_images_that_are_not_planned_yet_count_by_their_number() -> None:
    later = Later(3, False, Cost(100, 10.0, 2.0))
    estimate = Estimate({"a": Cost(100, 10.0, 0.0)}, 2, clock=Clock(), later=lambda: later)
    assert estimate.seconds == pytest.approx(10.0 + 3 * (10.0 + 1.0))
    assert not estimate.is_whole
    estimate.begin("a", Cost(100, 10.0, 0.0))
    estimate.compute("a", 100)
    estimate.finish("a")
    assert 0.2 < estimate.share < 0.25
    later = Later()
    assert (estimate.seconds, estimate.share, estimate.is_whole) == (0, 1, True)
