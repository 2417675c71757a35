"""``sr-batch tune``: finds the fastest tiles and threads for each network on this machine."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from sr_batch.cli.console import say
from sr_batch.cli.models_add import usable_name
from sr_batch.cli.parameters import upscale_option
from sr_batch.core.model_spec import PrecisionChoice
from sr_batch.core.options import UpscaleOptions

if TYPE_CHECKING:
    from sr_batch.inference.model_catalog import ModelFile
    from sr_batch.upscaling.tile_tuning import TileSetting, Tuned

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", show_default=False, help="Models. Default: all."),
]


def tune(
    names: Names = None,
    precision: Annotated[PrecisionChoice, upscale_option("precision")] = UpscaleOptions.precision,
    forget: Annotated[
        bool, typer.Option("--forget", help="Return to the default tiles and threads.")
    ] = False,
) -> None:
    """Find the fastest tile sizes and threads for this processor.

    Settings that are faster than the defaults are kept. This takes about a minute per model, on an
    idle machine. It changes the speed and no pixel. It does not affect GPUs, and --tile overrides
    it.
    """
    from sr_batch.inference.model_catalog import all_models
    from sr_batch.upscaling.calibration import calibrate
    from sr_batch.upscaling.tile_tuning import USUAL, keep

    families = [usable_name(name) for name in names or ()] or dict.fromkeys(
        model.name for model in all_models()
    )
    files = [file for name in families for file in _files(name, precision, forget)]
    if forget:
        for file in files:
            keep(file.path, USUAL)
        for name in dict.fromkeys(f"{file.name} x{file.scale}" for file in files):
            typer.echo(f"{name}: back to the defaults")
    else:
        for file in files:
            found = calibrate(file)
            keep(file.path, found.setting)
            typer.echo(_line(file, found))
        say("saved for this processor; sr-batch tune --forget goes back to the defaults")


def _files(name: str, precision: PrecisionChoice, forget: bool) -> Collection[ModelFile]:
    """Those that ``upscale --device cpu`` would use; to ``forget``, in every precision."""
    from sr_batch.inference.model_catalog import choose, files_of
    from sr_batch.inference.providers import fastest_on_cpu

    if forget and precision == "auto":
        return files_of(name)
    return choose(name, precision, fastest_on_cpu().precision).values()


def _line(file: ModelFile, found: Tuned) -> str:
    name = f"{file.name} x{file.scale}"
    if file.precision != "fp32":
        name += f" {file.precision}"
    if found.ratio == 1:
        return f"{name}: the defaults are the fastest"
    return f"{name}: {_text(found.setting)}, {1 - found.ratio:.0%} less time"


def _text(setting: TileSetting) -> str:
    tiles = "default tiles" if setting.tile is None else f"tiles of {setting.tile}"
    return tiles if setting.threads == 1 else f"{tiles}, {setting.threads} threads each"
