"""``sr-batch compare``: the same part of a picture by each network, side by side on one sheet."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sr_batch.cli.command_options import CompareCommand
from sr_batch.cli.console import has_terminal, say
from sr_batch.cli.parameters import from_values
from sr_batch.core.errors import UsageError
from sr_batch.core.geometry import Region, Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.target_size import DEFAULT_SCALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sr_batch.bench.comparison import Cell, Chosen, Photograph
    from sr_batch.core.image import Image

_AUTO = "auto"
_CELL = 384  # pixels a side of what an automatic crop becomes
_LARGEST = 2000  # pixels a side of what any crop may become

Photographs = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTO...", show_default=False, help="Image files, or - for standard input."
    ),
]


def compare(photographs: Photographs, **values: Any) -> None:
    """Show how each model enlarges a part of your photograph.

    It writes one sheet: the part's own pixels, bicubic interpolation, and every model, with the
    time that each needs for the whole picture on this machine. Only the part is computed, so this
    takes seconds for a large photograph, too.

    \b
    Exit codes:
      0  the sheet is there
      2  wrong command line
      3  a photograph cannot be read, or the sheet cannot be written
      4  device not available
    """  # noqa: D301 - backspace: the list keeps its lines
    command = from_values(CompareCommand, values)
    options = from_values(UpscaleOptions, values)
    scale = _whole(options.scale or DEFAULT_SCALE)
    crops = [_parsed(text, scale) for text in command.crop or (_AUTO,)]
    paths = [Path(each) for each in photographs]
    _run(paths, command, replace(options, scale=scale), crops)


def show(photograph: Path, model: str, scale: int, output: str | None) -> None:
    """Write a sheet of one model beside bicubic: what ``models show --on`` does."""
    command = CompareCommand(output=output, models=model)
    again = "delete it to have it made again"
    _run([photograph], command, UpscaleOptions(scale=scale), [None], again)


def _run(
    paths: list[Path],
    command: CompareCommand,
    options: UpscaleOptions,
    crops: list[Region | None],
    again: str = "--existing overwrite makes it again",
) -> None:
    from sr_batch.bench.comparison import choose_models, groups
    from sr_batch.bench.comparison import compare as computed
    from sr_batch.bench.comparison_file import SheetFile, sheet_path
    from sr_batch.bench.contact_sheet import draw
    from sr_batch.files.reading import most_bytes, read_source

    names, scale = _names(command.models), round(options.scale or 0)
    chosen = choose_models(names, scale, options.precision)
    target = sheet_path(command.output, paths)
    contents = [read_source(path, most_bytes(options.max_pixels)) for path in paths]
    recipe = _recipe(chosen, crops, options)
    file = SheetFile(target, paths, contents, recipe, options.existing, say, again)
    if kept := file.kept:
        say(f"{target}: {kept}")
        if command.as_json:
            typer.echo(json.dumps({"output": str(target), "status": "skipped", "reason": kept}))
        return
    shown = [_opened(*each, crops, options) for each in zip(paths, contents, strict=True)]
    cells = computed(shown, chosen, options, _Once(), _say_progress if has_terminal() else _silent)
    sheet = draw(groups(shown, cells))
    file.store(sheet)
    if command.as_json:
        size = [sheet.shape[1], sheet.shape[0]]
        typer.echo(json.dumps(_record(target, size, paths, shown, cells)))
    else:
        methods = ", ".join(cell.name for cell in cells[0])
        typer.echo(f"{target}: {methods}")


class _Once:
    """Prints a line for people, but not twice: every network may say the same."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            say(text)


def _say_progress(model: str) -> None:
    say(f"{model}...")


def _silent(model: str) -> None:
    del model


def _names(models: str) -> list[str]:
    return [name.strip() for name in models.split(",") if name.strip()]


def _whole(scale: float) -> int:
    if scale != round(scale) or scale < 2:
        raise UsageError(f"--scale {scale:g}: networks are compared at 2, 3 or 4")
    return round(scale)


def _parsed(text: str, scale: int) -> Region | None:
    """A crop; None for the one that is chosen automatically."""
    if text == _AUTO:
        return None
    try:
        left, top, width, height = map(int, text.split(","))
    except ValueError:
        left = top = width = height = -1
    if min(left, top, width - 1, height - 1) < 0:
        raise UsageError(
            f"--crop {text}: must be auto or X,Y,W,H in whole pixels, such as 0,0,96,96"
        )
    if max(width, height) * scale > _LARGEST:
        raise UsageError(
            f"--crop {text}: {width}x{height} is too large to compare at x{scale}: a side may have"
            f" {_LARGEST // scale} pixels; sr-batch upscale enlarges whole pictures"
        )
    return Region(left, top, left + width, top + height)


def _opened(
    path: Path, data: bytes, crops: Sequence[Region | None], options: UpscaleOptions
) -> Photograph:
    """The first picture of a file, upright, with the parts that are shown of it."""
    from sr_batch.bench.comparison import Photograph, require_inside
    from sr_batch.codec import open_file
    from sr_batch.files.reading import display_name

    name = display_name(path)
    file = open_file(data, name, options.max_pixels)
    image = next(file.pages())
    if len(file.header.sizes) > 1:
        say(f"note: {name}: the first of its {len(file.header.sizes)} pictures is shown")
    if image.metadata.note:
        say(f"note: {name}: {image.metadata.note}")
    for crop in crops:
        if crop:
            require_inside(name, image, crop)
    return Photograph(path.name, image, _parts(image, crops, round(options.scale or 0)))


def _parts(image: Image, crops: Sequence[Region | None], scale: int) -> list[Region]:
    """``crops``, with the most detailed spots in the places of None; nothing is shown twice."""
    from sr_batch.bench.crop_choice import detailed_spots

    side = round(_CELL / scale)
    automatic = sum(crop is None for crop in crops)
    spots = iter(detailed_spots(image.color, Size(side, side), automatic) if automatic else [])
    found = [crop or next(spots, None) for crop in crops]
    return [*dict.fromkeys(each for each in found if each)]


def _recipe(
    chosen: Sequence[Chosen], crops: Sequence[Region | None], options: UpscaleOptions
) -> str:
    """Everything that a sheet shows besides its photographs and times."""
    from sr_batch.files.reading import content_hash

    files = [content_hash(path.read_bytes()) for each in chosen for path in each.files]
    return repr((files, list(crops), options.scale, options.precision))


def _record(
    target: Path,
    size: list[int],
    paths: Sequence[Path],
    shown: Sequence[Photograph],
    cells: Sequence[Sequence[Cell]],
) -> dict[str, Any]:
    parts = [(path, part) for path, photo in zip(paths, shown, strict=True) for part in photo.parts]
    return {
        "output": str(target),
        "status": "done",
        "size": size,
        "crops": [
            {
                "input": str(path),
                "crop": [part.left, part.top, part.size.width, part.size.height],
                "cells": [_cell_record(cell) for cell in row],
            }
            for (path, part), row in zip(parts, cells, strict=True)
        ],
    }


def _cell_record(cell: Cell) -> dict[str, Any]:
    seconds = None if cell.seconds is None else round(cell.seconds, 3)
    return {"name": cell.name, "seconds": seconds, "provider": cell.provider}
