"""Enlarges images: the one way to larger pixels, opened once for a run."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from sr_batch.core.cpu import cores
from sr_batch.core.errors import BadOutput, about
from sr_batch.core.geometry import Region, Size, Tile
from sr_batch.core.image import Image
from sr_batch.core.model_spec import LEAST_CONSISTENCY, ModelSpec
from sr_batch.core.options import UpscaleOptions
from sr_batch.imaging.color_lock import lock_colors
from sr_batch.imaging.resample import bleed, resize
from sr_batch.inference.onnx_session import until
from sr_batch.inference.providers import require_known
from sr_batch.inference.self_ensemble import SelfEnsemble
from sr_batch.upscaling import tile_pass
from sr_batch.upscaling.kept_tiles import KeptPass, NoStore, TileStore, pass_key
from sr_batch.upscaling.loaded_models import LoadedModels
from sr_batch.upscaling.pass_pace import PROBE, seconds_per_pixel
from sr_batch.upscaling.pass_plan import DeviceNeeds, PassPlan, plan_pass, seam_notes
from sr_batch.upscaling.progress import Progress
from sr_batch.upscaling.scale_plan import ScalePlan, plan_scale
from sr_batch.upscaling.shared_parts import SharedParts
from sr_batch.upscaling.tile_pool import TileJob
from sr_batch.upscaling.tile_tuning import TileSetting, kept_setting
from sr_batch.upscaling.tiling import split

# Increased by one when the same input, network and options start to give other pixels.
_PIXELS = 1


@dataclass(frozen=True)
class Upscaled:
    """The enlarged image, and notes about it for the user."""

    image: Image
    notes: tuple[str, ...]


class Upscaler:
    """Enlarges images, with networks and tile threads shared by all of them. Thread-safe.

    Args:
        options: Model, scale, mode, tile, overlap, device, precision, self_ensemble, color_lock
            and jobs matter here.
        notify: Receives one line each about the device that ``auto`` chose, memory that ran out,
            and a network that was replaced.
        setting_of: The tile setting for the network in a file, on the CPU.
        chosen_by: The rule that chooses the network for each picture, which is part of the recipe.
            With a rule, networks are opened when they are first needed.
        parts: Networks and tile threads that other upscalers use, too: networks are opened when
            they are first needed. If not given, the upscaler has its own.

    Raises:
        UnknownModel: no such network, or none that enlarges.
        DeviceUnavailable: the device cannot run here.
    """

    def __init__(
        self,
        options: UpscaleOptions,
        notify: Callable[[str], None],
        setting_of: Callable[[Path], TileSetting] = kept_setting,
        chosen_by: str = "",
        parts: SharedParts | None = None,
    ) -> None:
        require_known(options.device)
        self._options = options
        self._goal = options.goal
        self._chosen_by = chosen_by
        self._shares = parts is not None
        self._parts = parts or SharedParts(notify)
        lazy = bool(chosen_by) or self._shares
        self._networks = LoadedModels(options, notify, setting_of, self._parts.networks, lazy)
        self._threads = options.jobs or cores()
        self._most_tiles = max(self._threads, self._networks.callers)
        self._parts.tiles.grow(self._most_tiles)

    @property
    def model(self) -> str:
        """The name of the networks' family."""
        return self._networks.family

    @property
    def provider(self) -> str:
        """The execution provider that runs the networks; ``none`` if no network is needed."""
        return self._networks.provider

    @property
    def precision_notes(self) -> tuple[str, ...]:
        """What ``--precision auto`` chose for each network, and why."""
        return self._networks.precision_notes

    @cached_property
    def recipe(self) -> str:
        """Everything besides the input that the pixels depend on."""
        return self._recipe(self._networks.digests())

    @cached_property
    def equal_recipes(self) -> tuple[str, ...]:
        """Recipes of other machines whose outputs are as good: ``--precision auto`` made them."""
        return tuple(self._recipe(digests) for digests in self._networks.equal_digests())

    def output_size(self, size: Size) -> Size:
        """The size of the output for an image of ``size``.

        Raises:
            ImageTooLarge: the image would be enlarged more than 64 times.
        """
        return self._goal.size_of(size)

    def passes(self, size: Size) -> tuple[int, ...]:
        """Scales of the networks that enlarge an image of ``size``, in their order."""
        return self._plan(size).passes

    def precision(self, size: Size) -> str | None:
        """The precision of the networks that enlarge an image of ``size``; None without any.

        If they differ, all are named: ``fp32+int8``.
        """
        found = {self._networks[scale].spec.precision for scale in self.passes(size)}
        return "+".join(sorted(found)) or None

    def bound(self, size: Size) -> float:
        """Least PSNR in dB between an image of ``size`` and its enlarged copy, reduced again."""
        specs = [self._networks[scale].spec for scale in self.passes(size)]
        return min((spec.consistency for spec in specs), default=LEAST_CONSISTENCY)

    def seconds(self, size: Size) -> float:
        """Estimated seconds for an image of ``size``, with all threads working on it."""
        total = 0.0
        for scale in self.passes(size):
            total += size.pixels * self._pace(scale)
            size = size * scale
        return total

    def __call__(
        self,
        image: Image,
        name: str,
        progress: Callable[[int], None],
        stop: threading.Event,
        store: TileStore | None = None,
    ) -> Upscaled:
        """Enlarge ``image``.

        Args:
            image: Any image.
            name: Its name in error messages.
            progress: Receives numbers of finished input pixels; they add up to those of ``image``,
                without the restored ones.
            stop: Ends the tiles in flight when it is set.
            store: Keeps finished tiles when ``stop`` is set, and restores them later.

        Raises:
            Stopped: ``stop`` was set.
            BadOutput: the network returned NaN or infinite values.
            OutOfMemory: not even the smallest tile fits into memory.
        """
        target = self.output_size(image.size)
        plan = self._plan(image.size)
        store = store or NoStore()
        done = Progress(image.size, plan.passes, progress, store.counted)
        if image.alpha is not None:
            image = replace(image, color=bleed(image.color, image.alpha))
        enlarged = image
        with about(name):
            for scale in plan.passes:
                enlarged = self._pass(enlarged, scale, done, stop, store)
        enlarged = _resized(enlarged, target)
        if self._locks_colors(plan):
            enlarged = replace(enlarged, color=lock_colors(enlarged.color, image.color))
        done.finish()
        return Upscaled(enlarged, (*_notes(plan), *self._seams(image.size, plan)))

    def close(self) -> None:
        """End the tile threads and close the networks, unless others share them."""
        if not self._shares:
            self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _recipe(self, digests: Sequence[str]) -> str:
        options = self._options
        chosen = f"{self._goal}, mode {options.mode}, overlap {options.overlap}"
        locks = {True: ", colors locked", False: ", colors free", None: ""}  # None: by contract
        locked = locks[options.color_lock]
        turned = ", self-ensemble" if options.self_ensemble else ""
        rule = f", by {self._chosen_by}" if self._chosen_by else ""
        return "\n".join([f"pixels {_PIXELS}", *digests, chosen + turned + locked + rule])

    def _locks_colors(self, plan: ScalePlan) -> bool:
        if self._options.color_lock is not None:
            return self._options.color_lock
        return any(self._networks[scale].spec.color_lock for scale in plan.passes)

    def _pace(self, scale: int) -> float:
        """Seconds for a pixel in a pass, measured once for all upscalers that share the network."""
        plan = self._pass_plan(PROBE, self._networks[scale].spec)

        def enlarge(probe: Image) -> Image:
            done = Progress(probe.size, (scale,), lambda _: None)
            return self._pass(probe, scale, done, threading.Event(), NoStore())

        turned = self._options.self_ensemble
        key = (self._networks.key(scale), self._threads, turned, tuple(plan.tiles), plan.mode)
        return self._parts.pace(key, lambda: seconds_per_pixel(enlarge, plan.tiles))

    def _pass(
        self, image: Image, scale: int, done: Progress, stop: threading.Event, store: TileStore
    ) -> Image:
        session = self._networks[scale]
        spec, size = session.spec, image.size
        plan = self._pass_plan(size, spec)

        def cut(core: Region, longest: int) -> Sequence[Tile]:
            return split(core, size, longest, plan.overlap, spec.multiple)

        def run(work: Callable[[Tile], None], tiles: Sequence[Tile]) -> None:
            job = TileJob(work, cut, done.add, stop, self._most_tiles, f"{spec.name} x{scale}")
            self._parts.tiles.run(job, tiles)

        def key() -> str:
            return pass_key(image, plan.tiles, self.recipe, spec, session.provider, plan.mode)

        kept = KeptPass(store, key, run, done.restore)
        try:
            network = until(session, stop)
            if self._options.self_ensemble:
                network = SelfEnsemble(network)
            return tile_pass.upscale(image, network, plan.tiles, plan.mode, kept.run, kept.show)
        except BadOutput:
            if not self._networks.replace_by_fp32(scale, session):
                raise
        return self._pass(image, scale, done, stop, store)

    def _pass_plan(self, size: Size, spec: ModelSpec) -> PassPlan:
        networks = self._networks
        needs = DeviceNeeds(networks.setting(spec.scale).tile, networks.window, self._threads)
        return plan_pass(size, spec, self._options, needs)

    def _seams(self, size: Size, plan: ScalePlan) -> Iterator[str]:
        """Notes on passes whose tiles differ from the whole picture."""
        for scale in plan.passes:
            spec = self._networks[scale].spec
            yield from seam_notes(spec, self._pass_plan(size, spec))
            size = size * scale

    def _plan(self, size: Size) -> ScalePlan:
        return plan_scale(self._goal.factor(size), self._networks.scales)


def _notes(plan: ScalePlan) -> tuple[str, ...]:
    if plan.passes:
        return ()
    if plan.scale < 1:
        return ("reduced by ordinary resampling, without a network",)
    return ("the size stays the same, so no network ran",)


def _resized(image: Image, size: Size) -> Image:
    if image.size == size:
        return image
    alpha = None if image.alpha is None else resize(image.alpha, size, "lanczos")
    return replace(image, color=resize(image.color, size, "lanczos"), alpha=alpha)
