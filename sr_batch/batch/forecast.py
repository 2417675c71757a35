"""Predicts the costs of a run by a short calibration, and follows the run to its end."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from sr_batch import codec
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.estimate import Cost, Estimate, Later, mean
from sr_batch.batch.job import Job
from sr_batch.batch.rest import Rest
from sr_batch.core.cpu import cores
from sr_batch.core.errors import SrBatchError
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, JobResult
from sr_batch.files.reading import PIPE
from sr_batch.imaging.resample import resize

# A calibration takes as long as 0.05 megapixels.
_WORTH_CALIBRATING = 1_000_000
_PROBE = Size(384, 256)


class Forecast:
    """Predicts the costs of images.

    Args:
        upscaler: Knows how fast its networks are.
        options: Quality and effort of encoders, and whether outputs are verified.
        calibrated: Whether costs are seconds, measured when the first ones are asked for.
            Otherwise they are numbers of pixels that the networks get, divided by a million.
    """

    def __init__(self, upscaler: Enlarger, options: UpscaleOptions, calibrated: bool) -> None:
        self._upscaler = upscaler
        self._options = options
        self._calibrated = calibrated
        self._paces: dict[str, float] = {}

    def cost(self, sizes: Sequence[Size], kind: str) -> Cost:
        """The cost of pictures of ``sizes`` that go to one file of ``kind``.

        The codec takes turns with the networks if there are several, so its time counts as theirs.
        """
        pixels = sum(size.pixels for size in sizes)
        try:
            network, codec_seconds = sum(map(self._network, sizes)), self._codec(sizes, kind)
        except SrBatchError:
            return Cost(pixels, 0.0, 0.0)  # the run itself says what is wrong
        if len(sizes) > 1:
            return Cost(pixels, network + codec_seconds, 0.0)
        return Cost(pixels, network, codec_seconds)

    def _network(self, size: Size) -> float:
        if self._calibrated:
            return self._upscaler.seconds(size)
        pixels = 0
        for scale in self._upscaler.passes(size):
            pixels, size = pixels + size.pixels, size * scale
        return pixels * 1e-6

    def _codec(self, sizes: Sequence[Size], kind: str) -> float:
        if not self._calibrated or kind not in codec.FORMATS:
            return 0.0
        if kind not in self._paces:
            self._paces[kind] = _pace(kind, self._options)
        pixels = sum(self._upscaler.output_size(size).pixels for size in sizes)
        return pixels * self._paces[kind] * (2 if self._options.verify else 1)


class RunEstimate:
    """Follows a run and knows how long it will still take.

    Args:
        jobs: The jobs of the run, in order.
        upscaler: Enlarges them. If that takes long, its networks are calibrated first.
        options: Of the run.
        clock: Seconds.
        rest: The inputs after ``jobs``. Each is taken to cost as much as those usually do.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        upscaler: Enlarger,
        options: UpscaleOptions,
        clock: Callable[[], float] = time.monotonic,
        rest: Rest | None = None,
    ) -> None:
        calibrated = rest is not None or _is_long(jobs)
        self._forecast = Forecast(upscaler, options, calibrated)
        known = {
            _name(job): self._forecast.cost(job.sizes, job.format) for job in jobs if job.sizes
        }
        usual = mean(known.values())
        costs = {_name(job): known.get(_name(job), usual) for job in jobs}
        threads = options.jobs or cores()
        self._rest, self._usual = rest, usual
        self.estimate = Estimate(costs, threads, calibrated, clock, self._later)

    def begun(self, job: Job, sizes: Sequence[Size], kind: str) -> None:
        self.estimate.begin(_name(job), self._forecast.cost(sizes, kind))

    def computed(self, job: Job, pixels: int) -> None:
        self.estimate.compute(_name(job), pixels)

    def restored(self, job: Job, pixels: int) -> None:
        self.estimate.restore(_name(job), pixels)

    def _later(self) -> Later:
        if self._rest is None:
            return Later()
        return Later(self._rest.left, self._rest.is_counted, self._usual)

    def ended(self, result: JobResult) -> None:
        """An input has its result."""
        if isinstance(result, Done):
            self.estimate.finish(result.input)
        else:
            self.estimate.leave(result.input)


def _name(job: Job) -> str:
    return str(job.source)


def _is_long(jobs: Sequence[Job]) -> bool:
    """Whether the run is worth a calibration; a file whose size is not known may be large."""
    pixels = sum(job.pixels for job in jobs)
    unknown = any(not job.pixels and job.source != PIPE for job in jobs)
    return unknown or pixels >= _WORTH_CALIBRATING


def _pace(kind: str, options: UpscaleOptions) -> float:
    """Seconds to encode a pixel of a picture like an enlarged one, the second time."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    picture = Image(resize(noise, _PROBE, "lanczos"))
    seconds = 0.0
    for _ in range(2):
        started = time.perf_counter()
        codec.encode_pages([picture], kind, options.quality, options.png_effort)
        seconds = time.perf_counter() - started
    return seconds / _PROBE.pixels
