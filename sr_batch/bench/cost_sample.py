"""Measures what the photographs of a collection take, on a sample of them."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TypeVar

import numpy as np

from sr_batch import codec
from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import Source, find_sources
from sr_batch.bench.cost import Work
from sr_batch.core.errors import ImageError, UsageError
from sr_batch.core.geometry import Region, Size
from sr_batch.core.image import Image
from sr_batch.core.options import MAX_PIXELS, UpscaleOptions
from sr_batch.core.results import Failed
from sr_batch.files.reading import display_name, most_bytes, read_source
from sr_batch.imaging.resample import resize
from sr_batch.inference.onnx_runtime import CPU
from sr_batch.upscaling.upscaler import Upscaler

_PART = Size(384, 256)  # what is enlarged of a photograph: about a second for most networks
_DRAWN = 4  # parts that are measured without photographs
_USUAL_KIND = "jpg"

Value = TypeVar("Value")


@dataclass(frozen=True)
class Taken:
    """One photograph of a sample.

    Attributes:
        kind: Its format.
        pixels: Of the whole photograph.
        bytes: Of its file.
        decode_seconds: Of a core, to decode it.
        part: A part of it, which is enlarged.
    """

    kind: str
    pixels: float
    bytes: float
    decode_seconds: float
    part: Image


@dataclass(frozen=True)
class Sample:
    """Photographs that stand for all others.

    Attributes:
        photographs: At least one.
        found: Photographs in the collection; 0 if the sample was drawn here.
    """

    photographs: Sequence[Taken]
    found: int = 0

    @property
    def pixels(self) -> float:
        """Of a photograph, on average."""
        return sum(each.pixels for each in self.photographs) / len(self.photographs)

    @property
    def bytes(self) -> float:
        """Of a file, on average."""
        return sum(each.bytes for each in self.photographs) / len(self.photographs)

    def of_size(self, pixels: float) -> "Sample":
        """The same photographs, larger or smaller, so that ``pixels`` is their average."""
        factor = pixels / self.pixels
        return replace(self, photographs=[_times(each, factor) for each in self.photographs])


@dataclass(frozen=True)
class Measured:
    """What a network takes for a photograph of a sample, and the provider that ran it."""

    provider: str
    work: Work


def take_sample(inputs: Sequence[str], count: int, notify: Callable[[str], None]) -> Sample:
    """Decode ``count`` of the photographs that ``inputs`` name or hold, chosen at random.

    The same photographs are chosen each time. Those that cannot be read are left out.

    Args:
        inputs: Files, folders or patterns.
        count: At least 1.
        notify: Told about photographs that are left out.

    Raises:
        UsageError: an input does not exist, or none of the photographs can be read.
    """
    codec.preload()
    found = (each for each in find_sources(inputs, Choice()) if not isinstance(each, Failed))
    chosen, number = _choose((each for each in found if not each.unread), count)
    taken = []
    for position, source in enumerate(chosen):
        try:
            taken.append(_take(source.path, Random(position)))
        except ImageError as error:
            notify(f"left out: {error}")
    if not taken:
        raise UsageError(
            f"{', '.join(inputs)}: no photograph can be read; name others, or give --megapixels"
        )
    return Sample(taken, number)


def draw_sample(megapixels: float) -> Sample:
    """Photographs of ``megapixels`` that are drawn here; the size of their files is assumed."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    part = Image(resize(noise, _PART, "lanczos"))
    data = codec.encode_pages([part], _USUAL_KIND, UpscaleOptions.quality, "fast")
    codec.preload()
    seconds, _ = _timed(lambda: codec.read_image(data, "a drawn picture", MAX_PIXELS))
    size = _PART.pixels * _likely(_USUAL_KIND)
    one = Taken(_USUAL_KIND, _PART.pixels, size, seconds, part)
    return Sample([one] * _DRAWN).of_size(megapixels * 1e6)


def measure(sample: Sample, options: UpscaleOptions, notify: Callable[[str], None]) -> Measured:
    """Enlarge and encode the parts of ``sample`` by the network of ``options``.

    The network's pace is that of the quickest part, so that other work on the machine matters
    little. On a CPU, it is the CPU time of all threads.

    Raises:
        SrBatchError: as `Upscaler` and the codecs do.
    """
    with Upscaler(options, notify) as upscaler:
        _run(sample.photographs[0], upscaler, options)  # fills caches and loads encoders
        runs = [_run(each, upscaler, options) for each in sample.photographs]
        provider = upscaler.provider
    count, pairs = len(runs), [*zip(sample.photographs, runs, strict=True)]
    decode = sum(each.decode_seconds for each in sample.photographs) / count
    encode = sum(each.pixels * run.encode for each, run in pairs) / count
    written = sum(each.pixels * run.bytes for each, run in pairs) / count
    core = decode + sample.pixels * min(run.core for run in runs) + encode
    gpu = 0.0 if provider == CPU else sample.pixels * min(run.wall for run in runs)
    return Measured(provider, Work(core, gpu, sample.bytes, written))


def given(sample: Sample, pixels_per_second: float, on_gpu: bool, options: UpscaleOptions) -> Work:
    """The work of a photograph of ``sample`` at a known throughput. Measures nothing.

    Args:
        sample: Whose sizes matter here.
        pixels_per_second: Pixels of inputs that one core or GPU enlarges in a second.
        on_gpu: Whether it is that of a GPU.
        options: Scale and format of the outputs.
    """
    seconds, scale = sample.pixels / pixels_per_second, options.scale or 1
    sizes = [each.pixels * _likely(_kind(each, options)) for each in sample.photographs]
    written = scale**2 * sum(sizes) / len(sizes)
    core, gpu = (0.0, seconds) if on_gpu else (seconds, 0.0)
    return Work(core, gpu, sample.bytes, written)


@dataclass(frozen=True)
class _Run:
    """Seconds of cores and of time, and bytes of the output, for a pixel of the input."""

    core: float
    wall: float
    encode: float
    bytes: float


def _run(photograph: Taken, upscaler: Upscaler, options: UpscaleOptions) -> _Run:
    part, stop = photograph.part, threading.Event()
    started = time.perf_counter()
    core, enlarged = _timed(lambda: upscaler(part, "sample", lambda pixels: None, stop).image)
    wall = time.perf_counter() - started
    kind, effort = _kind(photograph, options), options.png_effort
    encode, data = _timed(lambda: codec.encode_pages([enlarged], kind, options.quality, effort))
    return _Run(*(each / part.size.pixels for each in (core, wall, encode, len(data))))


def _timed(call: Callable[[], Value]) -> tuple[float, Value]:
    """Seconds of CPU time of all threads, and the result."""
    started = time.process_time()
    value = call()
    return time.process_time() - started, value


def _kind(photograph: Taken, options: UpscaleOptions) -> str:
    return photograph.kind if options.format == "keep" else options.format


def _likely(kind: str) -> float:
    return codec.likely_bytes(Size(1000, 1000), kind) / 1e6


def _choose(sources: Iterable[Source], count: int) -> tuple[list[Source], int]:
    """``count`` of ``sources`` at random, and how many there are; keeps no others in memory."""
    random, chosen, number = Random(0), list[Source](), 0
    for source in sources:
        number += 1
        if len(chosen) < count:
            chosen.append(source)
        elif (place := random.randrange(number)) < count:
            chosen[place] = source
    return chosen, number


def _take(path: Path, random: Random) -> Taken:
    name = display_name(path)
    data = read_source(path, most_bytes(MAX_PIXELS))
    file = codec.open_file(data, name, MAX_PIXELS)
    seconds, image = _timed(lambda: next(file.pages()))
    pixels, count = file.header.pixels, len(file.header.sizes)
    part = _part(image, random)
    return Taken(file.header.format, pixels, len(data), seconds * count, part)


def _part(image: Image, random: Random) -> Image:
    """A part of ``image`` anywhere in it."""
    width, height = min(_PART.width, image.size.width), min(_PART.height, image.size.height)
    left = random.randint(0, image.size.width - width)
    top = random.randint(0, image.size.height - height)
    region = Region(left, top, left + width, top + height)
    alpha = None if image.alpha is None else image.alpha[region.slices]
    return Image(image.color[region.slices], alpha)


def _times(photograph: Taken, factor: float) -> Taken:
    return replace(
        photograph,
        pixels=photograph.pixels * factor,
        bytes=photograph.bytes * factor,
        decode_seconds=photograph.decode_seconds * factor,
    )
