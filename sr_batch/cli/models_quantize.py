"""``sr-batch models quantize``: an int8 file of an added model, measured on your pictures."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sr_batch.cli.console import say
from sr_batch.cli.models_add import known
from sr_batch.core.errors import ImageError, UnknownModel, UsageError, did_you_mean
from sr_batch.core.results import SOME_FAILED, Failed

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from sr_batch.importing.quantize import Crops
    from sr_batch.inference.user_models import UserModel

    Levels = npt.NDArray[np.uint8]

_LEAST, _MOST = 4, 16  # pictures, half of them to measure on


def quantize_models(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model that you added.")],
    folder: Annotated[
        Path,
        typer.Option(
            "--on",
            metavar="FOLDER",
            show_default=False,
            help="At least 4 of your pictures, better 16: half of them set the ranges of the"
            " numbers, the other half measure the result.",
        ),
    ],
) -> None:
    """Make a quicker int8 file of a model that you added.

    Many processors compute 8-bit numbers faster. The file is kept only if, on your pictures, it
    loses at most 0.1 dB against fp32 and is quicker on this processor. Then --precision int8 takes
    it, and --precision auto where the processor is known to gain by int8.

    Exit codes: 0 all files of the model are kept, 2 wrong command line or the only file is not
    kept, 3 some of several scales are not kept.
    """
    models = _models(name)
    kept = sum(_quantized(model, folder, len(models)) for model in models)
    raise typer.Exit(0 if kept == len(models) else SOME_FAILED)


def _models(name: str) -> list[UserModel]:
    """The files of an added model in fp32, one for each scale."""
    from sr_batch.inference.model_catalog import find_models
    from sr_batch.inference.user_models import user_models

    added = [each for each in user_models() if each.precision == "fp32"]
    path = known(name)
    found = [each for each in added if each.name == name or str(each.path) == path]
    if found:
        return found
    shipped = {each.precision for each in find_models() if each.name == name}
    if "int8" in shipped:
        raise UsageError(
            f"{name} is a model of sr-batch, which has an int8 file already: --precision int8"
        )
    if shipped:
        raise UsageError(
            f"{name} is a model of sr-batch: models quantize is for models that you added"
        )
    names = sorted({each.name for each in added})
    there = f"Added: {', '.join(names)}" if names else "no model was added"
    raise UnknownModel(f"no model {name} was added: {did_you_mean(name, names)}{there}")


def _quantized(model: UserModel, folder: Path, count: int) -> bool:
    from sr_batch.importing.quantize import Figures, quantize
    from sr_batch.inference.providers import fastest_on_cpu
    from sr_batch.inference.user_models import require_unchanged

    require_unchanged(model.path)
    crops = _crops(model, folder)
    try:
        kept = quantize(model, crops, say)
    except UsageError as refusal:
        if count == 1:
            raise
        say(str(refusal))
        return False
    figures = Figures.of(kept.record["quantized"])
    typer.echo(f"{kept.name} x{kept.scale} has an int8 file now: {figures}")
    fastest = fastest_on_cpu()
    if fastest.precision != "int8":
        typer.echo(f"--precision int8 takes it; auto does not, because {fastest.why}")
    return True


def _crops(model: UserModel, folder: Path) -> Crops:
    """Parts of up to 16 pictures; every second one is to measure on."""
    from sr_batch.importing.quantize import Crops, crop_side
    from sr_batch.inference.onnx_session import read_spec

    side = crop_side(read_spec(model.path))
    found: list[Levels] = []
    for crop in _usable(folder, side):
        found.append(crop)
        if len(found) == _MOST:
            break
    if len(found) < _LEAST:
        raise UsageError(
            f"--on {folder}: at least {_LEAST} pictures of {side}x{side} pixels or more are needed,"
            f" better {_MOST}, and it has {len(found)}"
        )
    return Crops(found[::2], found[1::2], folder.resolve())


def _usable(folder: Path, side: int) -> Iterator[Levels]:
    """The most detailed part of each picture that is large enough, from all over the folder."""
    from sr_batch.bench.crop_choice import detailed_spots
    from sr_batch.bench.pictures import list_pictures, read_picture
    from sr_batch.core.geometry import Size

    listed = list_pictures(folder)
    random.Random(0).shuffle(listed)  # neighbours in a folder are often alike
    for each in listed:
        try:
            if isinstance(each, Failed):
                raise ImageError(each.error)
            picture = read_picture(each.path)
        except ImageError as fault:
            say(f"{fault}; it is left out")
            continue
        if min(picture.shape[:2]) >= side:
            (spot,) = detailed_spots(picture, Size(side, side))
            yield _in_color(picture[spot.slices])


def _in_color(pixels: Levels) -> Levels:
    return pixels.repeat(3, axis=2) if pixels.shape[2] == 1 else pixels
