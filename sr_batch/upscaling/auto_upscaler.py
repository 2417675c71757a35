"""``--model auto``: each picture gets the network that suits it, opened when it is first needed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from sr_batch.core.errors import UnknownModel
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import AUTO, CLEAN, REAL, UpscaleOptions
from sr_batch.inference.model_catalog import files_of
from sr_batch.upscaling.kept_tiles import TileStore
from sr_batch.upscaling.network_choice import RULE, choose_network
from sr_batch.upscaling.shared_parts import SharedParts
from sr_batch.upscaling.tile_tuning import TileSetting, kept_setting
from sr_batch.upscaling.upscaler import Upscaled, Upscaler


@dataclass(frozen=True)
class Chosen:
    """The upscaler for one picture, and why."""

    upscaler: Upscaler
    reason: str

    def reason_for(self, size: Size) -> str:
        """Why the network enlarges a picture of ``size``; empty if none is needed for it."""
        return self.reason if self.upscaler.passes(size) else ""

    def notes_for(self, size: Size) -> tuple[str, ...]:
        """What the user is told about a picture of ``size``."""
        reason = self.reason_for(size)
        return (f"enlarged by {self.upscaler.model}: {reason}",) if reason else ()


class AutoUpscaler:
    """An `Upscaler` that looks at each picture first. Thread-safe.

    What is asked before a picture was seen, such as its recipe, holds for both networks.

    Args:
        options: As for `Upscaler`; the model is ``auto``.
        notify: As for `Upscaler`.
        setting_of: As for `Upscaler`.
        parts: As for `Upscaler`. If not given, both networks have the same.

    Raises:
        UnknownModel: one of the networks is not installed.
        DeviceUnavailable: the device cannot run here.
    """

    model = AUTO
    provider = "none"

    def __init__(
        self,
        options: UpscaleOptions,
        notify: Callable[[str], None],
        setting_of: Callable[[Path], TileSetting] = kept_setting,
        parts: SharedParts | None = None,
    ) -> None:
        self._shares = parts is not None
        self._parts = parts or SharedParts(notify)
        self._clean, self._real = (
            _open(replace(options, model=name), notify, setting_of, self._parts)
            for name in (CLEAN, REAL)
        )

    def chosen_for(self, image: Image) -> Chosen:
        """The upscaler for ``image``, and for all other pictures of its file."""
        choice = choose_network(image)
        upscaler = self._clean if choice.network == CLEAN else self._real
        return Chosen(upscaler, choice.reason)

    @property
    def precision_notes(self) -> tuple[str, ...]:
        """What ``--precision auto`` chose for each network, and why."""
        return (*self._clean.precision_notes, *self._real.precision_notes)

    @property
    def recipe(self) -> str:
        """The recipe of an output by one of the networks; `equal_recipes` has the other's."""
        return self._clean.recipe

    @property
    def equal_recipes(self) -> tuple[str, ...]:
        """All other recipes that an output may have. A picture always gets the same network."""
        return (*self._clean.equal_recipes, self._real.recipe, *self._real.equal_recipes)

    def output_size(self, size: Size) -> Size:
        """As `Upscaler.output_size`."""
        return self._clean.output_size(size)

    def bound(self, size: Size) -> float:
        """The lower one of both networks."""
        return min(self._clean.bound(size), self._real.bound(size))

    def passes(self, size: Size) -> tuple[int, ...]:
        """Those of the network for photographs."""
        return self._real.passes(size)

    def precision(self, size: Size) -> str | None:
        """That of the network for photographs."""
        return self._real.precision(size)

    def seconds(self, size: Size) -> float:
        """Those of the network for photographs, so that an estimate opens only this one."""
        return self._real.seconds(size)

    def __call__(
        self,
        image: Image,
        name: str,
        progress: Callable[[int], None],
        stop: threading.Event,
        store: TileStore | None = None,
    ) -> Upscaled:
        """Enlarge ``image`` by the network that suits it. As for `Upscaler`."""
        chosen = self.chosen_for(image)
        upscaled = chosen.upscaler(image, name, progress, stop, store)
        return replace(upscaled, notes=(*chosen.notes_for(image.size), *upscaled.notes))

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


def open_upscaler(
    options: UpscaleOptions, notify: Callable[[str], None], parts: SharedParts | None = None
) -> Upscaler | AutoUpscaler:
    """The upscaler that ``options`` ask for. Errors as `Upscaler` and `AutoUpscaler`.

    A strength leaves nothing to choose: every picture gets the blend of both networks.
    """
    if options.model == AUTO and options.strength is not None:
        options = replace(options, model=REAL)
    return (AutoUpscaler if options.model == AUTO else Upscaler)(options, notify, parts=parts)


def _open(
    options: UpscaleOptions,
    notify: Callable[[str], None],
    setting_of: Callable[[Path], TileSetting],
    parts: SharedParts,
) -> Upscaler:
    wanted, name = options.precision, options.model
    try:
        if wanted != "auto" and wanted not in {file.precision for file in files_of(name)}:
            notify(f"--precision {wanted}: {name} has no such file, so it runs in fp32")
            options = replace(options, precision="fp32")
        return Upscaler(options, notify, setting_of, f"{AUTO} {RULE}", parts)
    except UnknownModel as missing:
        raise UnknownModel(f"--model {AUTO} takes {CLEAN} or {REAL}: {missing}") from missing
