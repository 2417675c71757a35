"""The tool on a GPU, compared with only the network on data that is in the GPU's memory already."""

import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from pathlib import Path
from statistics import mean, median

import numpy as np
import onnxruntime

from benchmarks.photos import photographs
from benchmarks.setting import Row, Setting
from benchmarks.work import enlarge, ignore, in_turns, infer
from sr_batch.bench.speed import paired_ratio
from sr_batch.codec import read_image
from sr_batch.core.image import Image
from sr_batch.core.options import MAX_PIXELS, UpscaleOptions
from sr_batch.inference.model_catalog import choose
from sr_batch.inference.onnx_session import read_spec
from sr_batch.inference.provider_faults import find_cuda_fault
from sr_batch.inference.providers import PROVIDERS, open_session
from sr_batch.inference.session import Session
from sr_batch.upscaling.tiling import plan_fixed
from sr_batch.upscaling.upscaler import Upscaler

_COUNT, _MEGAPIXELS = 60, 1.0
_AT_ONCE = 4  # images in flight
_ROUNDS = 15
_SAMPLING = (
    "nvidia-smi",
    "--id=0",
    "--query-gpu=utilization.gpu",
    "--format=csv,noheader,nounits",
    "--loop-ms=100",
)


def gpu(setting: Setting) -> Iterator[Row]:
    """Run `fast` at its smallest scale on photographs of 1 MP. Without a GPU, one row says so."""
    if fault := find_cuda_fault():
        yield Row(f"no GPU: {fault.what}", "not measured", "", True)
        return
    yield from on_device("cuda", setting)


@dataclass
class _Times:
    """Times of all groups of photographs.

    Attributes:
        ratios: Resident network / tool, for each group.
        memory: Seconds of the tool on decoded images.
        files: Seconds of the tool from file to file.
        busy: How busy the GPU was meanwhile.
    """

    ratios: list[float] = field(default_factory=list)
    memory: float = 0.0
    files: float = 0.0
    busy: "Busy" = field(default_factory=lambda: Busy())


def on_device(device: str, setting: Setting, count: int = _COUNT) -> Iterator[Row]:
    """Yield the rows for a device, a key of ``PROVIDERS`` whose entry has a window."""
    photographs(setting.photos, setting.folder / "in", count, (_MEGAPIXELS, _MEGAPIXELS))
    network = min(choose("fast").values(), key=lambda file: file.scale)
    options = UpscaleOptions(
        model="fast",
        scale=network.scale,
        device=device,
        precision="fp32",  # as the resident network
        format="jpg",
        jobs=setting.threads,
    )
    resident = Resident(network.path, device)
    times = _measure(resident, options, setting)
    name, ratio, pace = f"fast x{network.scale}", median(times.ratios), count / times.memory
    yield Row(f"{name}: resident network / tool", f"{ratio:.2f}", ">= 0.90", ratio >= 0.9)
    yield Row(f"{name}: 1 MP images, decoded already", f"{pace:.1f} /s", ">= 20 /s", pace >= 20)
    yield Row(f"{name}: 1 MP files, JPEG to JPEG", f"{count / times.files:.1f} /s", "", True)
    yield Row("  GPU busy meanwhile, by nvidia-smi", times.busy.share, "", True)
    gain = resident.over(open_session(network.path, device, ignore))
    yield Row(f"{name}: a call without pinned memory / with it", f"{gain:.2f}", ">= 1", gain >= 1)


def _measure(resident: "Resident", options: UpscaleOptions, setting: Setting) -> _Times:
    paths, times = sorted((setting.folder / "in").iterdir()), _Times()
    with Upscaler(options, ignore) as upscaler:
        _in_memory(upscaler, _read(paths[:_AT_ONCE]))  # lets the device prepare for the shapes
        for group in in_turns(paths):
            images = _read(group)
            alone = resident.seconds(sum(map(resident.tiles, images)))
            took = _in_memory(upscaler, images)
            times.ratios.append(alone / took)
            times.memory += took
            with times.busy:
                times.files += enlarge(group, options, setting.folder / "out", upscaler)
    return times


class Resident:
    """An ONNX Runtime session whose input and output stay on the device."""

    def __init__(self, path: Path, device: str) -> None:
        provider, self._spec = PROVIDERS[device], read_spec(path)
        assert provider.window
        self._batch, self._window = provider.batch, provider.window
        self._session = onnxruntime.InferenceSession(
            path, providers=[(provider.name, dict(provider.options))]
        )
        shape = (self._batch, self._spec.channels, self._window, self._window)
        self._ones = np.ones(shape, np.float32)
        ready = onnxruntime.OrtValue.ortvalue_from_numpy(self._ones, device)
        self._binding = self._session.io_binding()
        self._binding.bind_ortvalue_input("input", ready)
        self._binding.bind_output("output", device)
        self.seconds(self._batch)

    def tiles(self, image: Image) -> int:
        """The number of tiles that the tool cuts ``image`` into."""
        spec = self._spec
        return len(plan_fixed(image.size, self._window, spec.overlap, spec.multiple))

    def seconds(self, tiles: int) -> float:
        """Seconds for this number of tiles, in full batches."""
        batches = ceil(tiles / self._batch)
        started = time.perf_counter()
        for _ in range(batches):
            self._session.run_with_iobinding(self._binding)
        self._binding.synchronize_outputs()
        return (time.perf_counter() - started) * tiles / (batches * self._batch)

    def over(self, session: Session) -> float:
        """The time of a call with ordinary arrays over the time of a call of ``session``."""

        def called() -> float:
            started = time.perf_counter()
            session(self._ones)
            return time.perf_counter() - started

        return paired_ratio(called, partial(infer, self._session, self._ones), _ROUNDS)


class Busy:
    """A context that samples with nvidia-smi how busy the first GPU is."""

    def __init__(self) -> None:
        self._samples: list[int] = []
        self._process: subprocess.Popen[str] | None = None

    @property
    def share(self) -> str:
        """The mean share of time it was busy, as text."""
        return f"{mean(self._samples):.0f}%" if self._samples else "not measured"

    def __enter__(self) -> None:
        with suppress(OSError):  # some containers have the driver without its tools
            self._process = subprocess.Popen(_SAMPLING, stdout=subprocess.PIPE, text=True)

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        printed = self._process.communicate()[0]
        self._samples += [int(line) for line in printed.splitlines() if line.strip().isdigit()]


def _read(paths: Sequence[Path]) -> list[Image]:
    return [read_image(path.read_bytes(), path.name, MAX_PIXELS) for path in paths]


def _in_memory(upscaler: Upscaler, images: Sequence[Image]) -> float:
    """Seconds to enlarge all ``images``, several at a time."""
    stop = threading.Event()
    started = time.perf_counter()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda image: upscaler(image, "image", lambda _: None, stop), images))
    return time.perf_counter() - started
