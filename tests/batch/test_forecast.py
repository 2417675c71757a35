"""Predicted costs, and a run that is followed from its plan to its results."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from sr_batch.batch.engine import run
from sr_batch.batch.estimate import Cost
from sr_batch.batch.forecast import Forecast, RunEstimate
from sr_batch.batch.job import Job
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.errors import BadOutput
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.files.reading import PIPE
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import OPTIONS

LARGE = Size(2000, 1000)


class Timed(FakeUpscaler):
    """A second for a megapixel; remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Size] = []

    def seconds(self, size: Size) -> float:
        self.asked.append(size)
        return super().seconds(size)


def job(name: str, *sizes: Size, kind: str = "bmp") -> Job:
    pixels = sum(size.pixels for size in sizes)
    target = Path("out", name)
    return Job(Path(name), target, target.parent, kind, pixels, sizes=sizes)


def seconds(
    jobs: Sequence[Job], upscaler: FakeUpscaler, options: UpscaleOptions = OPTIONS
) -> float:
    found = RunEstimate(jobs, upscaler, options).estimate.seconds
    assert found is not None
    return found


def test_a_long_run_is_estimated_before_it_begins() -> None:
    jobs = [job("a", LARGE), job("b", LARGE)]
    assert 4.0 < seconds(jobs, Timed()) < 5.0  # and a little for the encoder


def test_a_short_run_is_not_worth_a_calibration() -> None:
    upscaler = Timed()
    jobs = [job("a", Size(100, 100)), Job(PIPE, PIPE, PIPE, "keep", 0)]
    assert RunEstimate(jobs, upscaler, OPTIONS).estimate.seconds is None
    assert upscaler.asked == []


def test_a_file_of_unknown_size_counts_like_the_others() -> None:
    assert seconds([job("a", LARGE), job("b")], Timed()) == pytest.approx(
        seconds([job("a", LARGE), job("b", LARGE)], Timed()), rel=0.3
    )


def test_frames_take_turns_with_their_encoder() -> None:
    forecast = Forecast(Timed(), OPTIONS, calibrated=True)
    one, two = forecast.cost([LARGE], "png"), forecast.cost([LARGE] * 2, "png")
    assert one.codec > 0
    assert two.network == pytest.approx(2 * (one.network + one.codec))
    assert (two.codec, two.pixels) == (0.0, 2 * one.pixels)


def test_an_output_that_is_verified_is_read_again() -> None:
    times = {}
    for verify in (False, True):
        forecast = Forecast(Timed(), UpscaleOptions(verify=verify), calibrated=True)
        forecast._paces["png"] = 1e-6  # the measured one is never the same twice
        times[verify] = forecast.cost([LARGE], "png").codec
    assert times[True] == 2 * times[False] == 16.0


def test_a_calibration_that_fails_ends_no_run() -> None:
    class Broken(Timed):
        def seconds(self, size: Size) -> float:
            raise BadOutput("the network returned NaN or infinite values")

    assert Forecast(Broken(), OPTIONS, True).cost([LARGE], "png") == Cost(LARGE.pixels, 0.0, 0.0)


@pytest.mark.usefixtures("here")
def test_follows_a_run_to_its_end() -> None:
    for number in range(3):
        save_picture(Path(f"in/{number}.png"), number, (60, 40))
    Path("in/broken.png").write_bytes(Path("in/0.png").read_bytes()[:2000])
    upscaler, seen = FakeUpscaler(), list[int]()
    plan = plan_jobs(["in"], None, OPTIONS, upscaler.model)
    assert [each.sizes for each in plan.jobs] == [(Size(60, 40),)] * 4
    followed = RunEstimate(plan.jobs, upscaler, OPTIONS)
    stop = threading.Event()
    for result in run(plan, upscaler, OPTIONS, seen.append, stop, follower=followed):
        followed.ended(result)
    assert followed.estimate.seconds == 0
    assert followed.estimate.share == pytest.approx(1)
    assert followed.estimate.speed is not None
    assert sum(seen) == 3 * 60 * 40
