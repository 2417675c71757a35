"""Pixels in, larger pixels out: what every front door and the engine call, made once a run."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from types import TracebackType
from typing import Self

import numpy as np

from sr_batch import bicubic, pipeline
from sr_batch.catalog import choose
from sr_batch.contract import LEAST_CONSISTENCY, Color, ModelSpec
from sr_batch.errors import about
from sr_batch.geometry import Region, Size, Tile
from sr_batch.image import Image
from sr_batch.onnx_session import OnnxSession
from sr_batch.options import UpscaleOptions
from sr_batch.providers import device_of, open_session, require_known
from sr_batch.resample import bleed, resize
from sr_batch.scaling import ScalePlan, plan_scale
from sr_batch.tile_pool import Stopped as Stopped
from sr_batch.tile_pool import TileJob, TilePool
from sr_batch.tiling import plan_auto, plan_tiles, split

# Raised by one when the same input, network and options begin to give other pixels.
_PIXELS = 1
_PROBE = Size(192, 128)


@dataclass(frozen=True)
class Upscaled:
    """The enlarged image, and what the user should know about it."""

    image: Image
    notes: tuple[str, ...]


class Upscaler:
    """Enlarges images; thread-safe. All of them share the networks and one pool of tile threads.

    Args:
        options: What matters here is model, scale, mode, tile, overlap, device and jobs.
        notify: Told, in one line each, the device that ``auto`` chose and that memory ran out.

    Raises:
        UnknownModel: no such network, or none that enlarges.
        DeviceUnavailable: the device cannot be had.
    """

    def __init__(self, options: UpscaleOptions, notify: Callable[[str], None]) -> None:
        require_known(options.device)
        self._options = options
        self._files = choose(options.model)
        self._goal = options.goal
        self._sessions = self._open(notify)
        self._threads = options.jobs or _cores()
        self._pool = TilePool(self._threads, notify)
        self._paces: dict[int, float] = {}
        self._timing = threading.Lock()

    @property
    def model(self) -> str:
        """Name of the family."""
        return next(iter(self._files.values())).name

    @property
    def provider(self) -> str:
        """The execution provider that runs the networks; ``none`` where no network is needed."""
        return next((session.provider for session in self._sessions.values()), "none")

    @cached_property
    def recipe(self) -> str:
        """All that the pixels depend on besides the input; the same on every machine."""
        options = self._options
        networks = [
            f"x{scale} {sha256(self._files[scale].path.read_bytes()).hexdigest()}"
            for scale in self._sessions
        ]
        chosen = f"{self._goal}, mode {options.mode}, overlap {options.overlap}"
        return "\n".join([f"pixels {_PIXELS}", *networks, chosen])

    def output_size(self, size: Size) -> Size:
        """What an image of ``size`` becomes.

        Raises:
            ImageTooLarge: it would have to be enlarged more than 64 times.
        """
        return self._goal.size_of(size)

    def passes(self, size: Size) -> tuple[int, ...]:
        """Factors of the networks that enlarge an image of ``size``, in their order."""
        return self._plan(size).passes

    def bound(self, size: Size) -> float:
        """Least PSNR in dB between what becomes of an image of ``size``, reduced, and itself."""
        passes = self.passes(size)
        return min(
            (self._sessions[scale].spec.consistency for scale in passes), default=LEAST_CONSISTENCY
        )

    def seconds(self, size: Size) -> float:
        """What the networks are likely to take for an image of ``size``, all threads on it."""
        total = 0.0
        for scale in self.passes(size):
            total += size.pixels * self._pace(scale)
            size = size * scale
        return total

    def __call__(
        self, image: Image, name: str, progress: Callable[[int], None], stop: threading.Event
    ) -> Upscaled:
        """Enlarge ``image``.

        Args:
            image: Any.
            name: What error messages call it.
            progress: Told the input pixels that are done; they add up to those of ``image``.
            stop: Looked at before every tile.

        Raises:
            Stopped: ``stop`` was set.
            BadOutput: the network gave values that are no numbers.
            OutOfMemory: not even the smallest tile fits.
        """
        target = self.output_size(image.size)
        plan = self._plan(image.size)
        share = _Share(image.size, plan.passes, progress)
        if image.alpha is not None:
            image = replace(image, color=bleed(image.color, image.alpha))
        with about(name):
            for scale in plan.passes:
                image = self._pass(image, self._sessions[scale], share, stop)
        image = _resized(image, target)
        share.finish()
        return Upscaled(image, _notes(plan))

    def close(self) -> None:
        """End the tile threads."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _pace(self, scale: int) -> float:
        """Seconds a pixel that a network takes: of two runs on a small picture, the second."""
        with self._timing:
            if scale not in self._paces:
                probe = Image(np.zeros((_PROBE.height, _PROBE.width, 3), np.uint8))
                for _ in range(2):
                    share, started = _Share(_PROBE, (scale,), lambda _: None), time.perf_counter()
                    self._pass(probe, self._sessions[scale], share, threading.Event())
                    self._paces[scale] = (time.perf_counter() - started) / _PROBE.pixels
            return self._paces[scale]

    def _open(self, notify: Callable[[str], None]) -> dict[int, OnnxSession]:
        """All networks it may take, on one device: the first one decides what ``auto`` is."""
        sessions: dict[int, OnnxSession] = {}
        device = self._options.device
        fixed = self._goal.fixed
        scales = plan_scale(fixed, self._files).passes if fixed else sorted(self._files)
        for scale in dict.fromkeys(scales):
            sessions[scale] = open_session(self._files[scale].path, device, notify)
            device = device_of(sessions[scale])
        return sessions

    def _pass(
        self, image: Image, session: OnnxSession, share: "_Share", stop: threading.Event
    ) -> Image:
        spec, size = session.spec, image.size
        mode: Color = spec.color if self._options.mode == "auto" else self._options.mode
        overlap = self._overlap(spec, mode)

        def cut(core: Region, longest: int) -> Sequence[Tile]:
            return split(core, size, longest, overlap, spec.multiple)

        def run(work: Callable[[Tile], None], tiles: Sequence[Tile]) -> None:
            self._pool.run(TileJob(work, cut, share.add, stop), tiles)

        tiles = self._tiles(size, overlap, spec.multiple)
        return pipeline.upscale(image, session, tiles, mode, run)

    def _overlap(self, spec: ModelSpec, mode: Color) -> int:
        chosen = self._options.overlap
        if chosen == "auto":
            chosen = spec.overlap
        elif chosen == "full":
            chosen = spec.full_overlap
        return max(chosen, bicubic.REACH) if mode == "y" else chosen

    def _tiles(self, size: Size, overlap: int, multiple: int) -> Sequence[Tile]:
        if self._options.tile is None:
            return plan_auto(size, overlap, multiple, self._threads)
        return plan_tiles(size, self._options.tile, overlap, multiple)

    def _plan(self, size: Size) -> ScalePlan:
        return plan_scale(self._goal.factor(size), self._files)


def _notes(plan: ScalePlan) -> tuple[str, ...]:
    if plan.passes:
        return ()
    return (f"resampled without a network: a scale of {plan.scale:.4g} does not enlarge",)


class _Share:
    """Turns the pixels of each pass into a share of the input's pixels."""

    def __init__(self, size: Size, passes: Sequence[int], progress: Callable[[int], None]) -> None:
        self._pixels, self._work, self._done, self._told = size.pixels, 0, 0, 0
        for scale in passes:
            self._work += size.pixels
            size = size * scale
        self._progress = progress
        self._lock = threading.Lock()

    def add(self, pixels: int) -> None:
        """``pixels`` of a pass's input are done."""
        with self._lock:
            self._done += pixels
            self._tell(self._pixels * self._done // self._work)

    def finish(self) -> None:
        """All is done."""
        with self._lock:
            self._tell(self._pixels)

    def _tell(self, total: int) -> None:
        if total > self._told:
            self._progress(total - self._told)
            self._told = total


def _resized(image: Image, size: Size) -> Image:
    if image.size == size:
        return image
    alpha = None if image.alpha is None else resize(image.alpha, size, "lanczos")
    return replace(image, color=resize(image.color, size, "lanczos"), alpha=alpha)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
