"""``sr-batch tune``: find the tiles and threads that suit each network on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sr_batch.cli.console import say
from sr_batch.cli.parameters import InPrecision
from sr_batch.core.options import UpscaleOptions

if TYPE_CHECKING:
    from sr_batch.inference.model_catalog import ModelFile
    from sr_batch.upscaling.tile_tuning import TileSetting, Tuned

_DEFAULTS = UpscaleOptions()

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...", show_default=False, help="Networks; all, if none is named."
    ),
]


def tune(
    names: Names = None,
    precision: InPrecision = _DEFAULTS.precision,
    forget: Annotated[bool, typer.Option(help="Go back to the usual layout of all.")] = False,
) -> None:
    """Try tiles and threads on this processor and remember what is faster than usual.

    It takes a minute or so for each network, and needs an idle machine. Only speed depends on it,
    no pixel does; --tile and a GPU take no notice of it.
    """
    from sr_batch.inference.model_catalog import choose, find_models
    from sr_batch.upscaling.calibration import calibrate
    from sr_batch.upscaling.tile_tuning import USUAL, keep

    families = names or dict.fromkeys(model.name for model in find_models())
    for file in (file for name in families for file in choose(name, precision).values()):
        found = None if forget else calibrate(file)
        keep(file.path, found.setting if found else USUAL)
        typer.echo(_line(file, found))
    if not forget:
        say("kept for this processor; sr-batch tune --forget goes back")


def _line(file: ModelFile, found: Tuned | None) -> str:
    name = f"{file.name} x{file.scale}"
    if found is None:
        return f"{name}: as usual again"
    if found.ratio == 1:
        return f"{name}: the usual layout is the fastest"
    return f"{name}: {_text(found.setting)}, {1 - found.ratio:.0%} less time"


def _text(setting: TileSetting) -> str:
    tiles = "usual tiles" if setting.tile is None else f"tiles of {setting.tile}"
    return tiles if setting.threads == 1 else f"{tiles}, {setting.threads} threads each"
