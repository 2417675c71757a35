"""The same parts of pictures, enlarged by several networks beside bicubic, as cells of a sheet.

Only the parts are computed, with the context that a tile of the whole picture would have.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from sr_batch.bench.contact_sheet import Group, Panel
from sr_batch.codec.color.for_screen import for_screen
from sr_batch.core.duration import rough_duration
from sr_batch.core.errors import UnknownModel, UsageError
from sr_batch.core.geometry import Region
from sr_batch.core.image import Image
from sr_batch.core.model_spec import Precision
from sr_batch.core.options import UpscaleOptions
from sr_batch.imaging import bicubic
from sr_batch.imaging.resample import bleed, resize
from sr_batch.inference.model_card import read_card
from sr_batch.inference.model_catalog import ModelFile, files_of, find_models, no_such_precision
from sr_batch.inference.onnx_session import read_spec
from sr_batch.upscaling.upscaler import Upscaler


@dataclass(frozen=True)
class Photograph:
    """A picture, what headings call it, and its parts that are shown."""

    name: str
    image: Image
    parts: Sequence[Region]


@dataclass(frozen=True)
class Chosen:
    """A network that is compared.

    Attributes:
        model: As ``--model`` takes it.
        files: Its files of one scale, in every precision.
        context: LR pixels around a part that the network must see.
        multiple: Windows start at multiples of this.
        precision: Of the file that is used; empty if the device decides.
    """

    model: str
    files: tuple[Path, ...]
    context: int
    multiple: int
    precision: str


@dataclass(frozen=True)
class Cell:
    """One part by one method.

    Attributes:
        name: Of the method, such as ``edsr x4``.
        image: The enlarged part.
        seconds: Estimate for the whole picture on this machine; None if it is not measured.
        provider: What ran the network; None without one.
    """

    name: str
    image: Image
    seconds: float | None = None
    provider: str | None = None


def choose_models(names: Sequence[str], scale: int, precision: str) -> list[Chosen]:
    """The networks that ``names`` lists, or all that are for real use if it is empty.

    Args:
        names: Names or ONNX files.
        scale: Of the networks.
        precision: One of the files' precisions; any other word means that any will do.

    Raises:
        UnknownModel: a network does not exist, or not at this scale or in this precision; or none
            does.
    """
    if names:
        return [_chosen(name, files_of(name), scale, precision) for name in dict.fromkeys(names)]
    fitting = [each for each in find_models() if not read_card(each.path).is_for_comparison]
    families = {each.name for each in fitting if _fits(each, scale, precision)}
    if not families:
        there = ", ".join(f"x{each}" for each in sorted({each.scale for each in find_models()}))
        raise UnknownModel(f"--scale {scale}: no model enlarges {scale} times; there are {there}")
    return [_chosen(name, files_of(name), scale, precision) for name in sorted(families)]


def compare(
    photographs: Sequence[Photograph],
    models: Sequence[Chosen],
    options: UpscaleOptions,
    notify: Callable[[str], None],
    begun: Callable[[str], None] = lambda model: None,
) -> list[list[Cell]]:
    """The cells of every part, in the order of photographs and parts.

    The first cell of a part has its pixels enlarged by repeating them, the second by bicubic (at
    scale 1 there is no second). The networks are opened one after the other.

    Args:
        photographs: At least one part in all.
        models: The networks, from :func:`choose_models`.
        options: Scale, precision, device and jobs matter here; the scale is one of the networks'.
        notify: As for `Upscaler`.
        begun: Told the name of each network before it is opened.

    Raises:
        SrBatchError: as `Upscaler` does.
    """
    scale = round(options.scale or 0)
    cells = [_plain(photo.image, part, scale) for photo in photographs for part in photo.parts]
    for chosen in models:
        begun(chosen.model)
        with Upscaler(replace(options, model=chosen.model), notify) as upscaler:
            rows = iter(cells)
            for photo in photographs:
                seconds = upscaler.seconds(photo.image.size)
                for part in photo.parts:
                    image = _by_network(upscaler, photo, part, chosen, scale)
                    name = f"{upscaler.model} x{scale}{_suffix(chosen.precision)}"
                    next(rows).append(Cell(name, image, seconds, upscaler.provider))
    return cells


def groups(photographs: Sequence[Photograph], cells: Sequence[Sequence[Cell]]) -> list[Group]:
    """What is drawn of the cells of :func:`compare`: a group for each part."""
    parts = [(photo, part) for photo in photographs for part in photo.parts]
    return [
        Group([_panel(cell) for cell in row], _heading(photo, part))
        for (photo, part), row in zip(parts, cells, strict=True)
    ]


def require_inside(name: str, image: Image, part: Region) -> None:
    """Refuse a part that is not inside the picture.

    Raises:
        UsageError: it is not.
    """
    size = image.size
    if part.clamp(size) != part:
        text = f"{part.left},{part.top},{part.size.width},{part.size.height}"
        raise UsageError(
            f"{name}: --crop {text} reaches outside the picture, which is {size};"
            " give X,Y,W,H inside it, or --crop auto"
        )


def _chosen(name: str, files: Sequence[ModelFile], scale: int, precision: str) -> Chosen:
    there = [each for each in files if each.scale == scale]
    if not there:
        scales = ", ".join(f"x{each}" for each in sorted({each.scale for each in files}))
        raise UnknownModel(
            f"--scale {scale}: {name} exists for {scales}; choose such a --scale, or leave {name}"
            " out of --models"
        )
    fitting = [each for each in there if _fits(each, scale, precision)]
    if not name.endswith(".onnx") and not fitting:
        raise no_such_precision(f"{name} x{scale}", precision, {each.precision for each in there})
    specs = [read_spec(each.path) for each in there]
    context = max(bicubic.REACH, *(spec.overlap for spec in specs))
    multiple = max(spec.multiple for spec in specs)
    used = {each.precision for each in fitting or there}
    return Chosen(
        name,
        tuple(each.path for each in there),
        context,
        multiple,
        used.pop() if len(used) == 1 else "",
    )


def _suffix(precision: str) -> str:
    """What the name of a cell says of a precision: nothing of the usual one."""
    return "" if precision in ("", "fp32") else f" {precision}"


def _fits(file: ModelFile, scale: int, precision: str) -> bool:
    known = get_args(Precision)
    return file.scale == scale and (precision not in known or file.precision == precision)


def _plain(image: Image, part: Region, scale: int) -> list[Cell]:
    pixels = _cut(image, part)
    repeated = replace(
        pixels,
        color=pixels.color.repeat(scale, 0).repeat(scale, 1),
        alpha=None if pixels.alpha is None else pixels.alpha.repeat(scale, 0).repeat(scale, 1),
    )
    if scale == 1:
        return [Cell("your pixels", repeated)]
    window = _window(part, image, bicubic.REACH, 1)
    smooth = _crop_enlarged(_by_bicubic(_cut(image, window), scale), part, window, scale)
    return [Cell(f"your pixels, x{scale}", repeated), Cell(f"bicubic x{scale}", smooth)]


def _by_bicubic(image: Image, scale: int) -> Image:
    size = image.size * scale
    if image.alpha is None:
        return replace(image, color=resize(image.color, size, "bicubic"))
    color = resize(bleed(image.color, image.alpha), size, "bicubic")
    return replace(image, color=color, alpha=resize(image.alpha, size, "bicubic"))


def _by_network(
    upscaler: Upscaler, photo: Photograph, part: Region, chosen: Chosen, scale: int
) -> Image:
    window = _window(part, photo.image, chosen.context, chosen.multiple)
    cut, stop = _cut(photo.image, window), threading.Event()
    enlarged = upscaler(cut, photo.name, lambda pixels: None, stop).image
    return _crop_enlarged(enlarged, part, window, scale)


def _window(part: Region, image: Image, context: int, multiple: int) -> Region:
    """``part`` with its context, inside ``image``, from a multiple on."""
    left, top = (max(0, first - context) for first in (part.left, part.top))
    window = Region(
        left // multiple * multiple,
        top // multiple * multiple,
        part.right + context,
        part.bottom + context,
    )
    return window.clamp(image.size)


def _crop_enlarged(image: Image, part: Region, window: Region, scale: int) -> Image:
    return _cut(image, part.relative_to(window) * scale)


def _cut(image: Image, region: Region) -> Image:
    alpha = None if image.alpha is None else image.alpha[region.slices]
    return replace(image, color=image.color[region.slices], alpha=alpha)


def _panel(cell: Cell) -> Panel:
    detail = "" if cell.seconds is None else f"whole picture: about {rough_duration(cell.seconds)}"
    return Panel(cell.name, for_screen(cell.image), detail)


def _heading(photo: Photograph, part: Region) -> str:
    where = f"{part.size} pixels at {part.left},{part.top} of {photo.image.size}"
    return f"{photo.name}: {where}"
