"""Builds the sheet: an image with one layer, which is sent to sr-batch as a PNG."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

from gi.repository import Gimp, Gio
from tool import PluginError

_PRECISE = Gimp.Precision.U16_NON_LINEAR
_FORMATS = {
    Gimp.ImageType.RGB_IMAGE: "rgb",
    Gimp.ImageType.RGBA_IMAGE: "rgba",
    Gimp.ImageType.GRAY_IMAGE: "gray",
    Gimp.ImageType.GRAYA_IMAGE: "graya",
}
# Pixels beyond the context in which to search for an edge that is on a whole pixel once enlarged.
_SEARCH = 64


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    def enlarged(self, scale: float) -> "Box":
        """The same rectangle in an image ``scale`` times larger."""
        x, y = half_up(self.x * scale), half_up(self.y * scale)
        right, bottom = (self.x + self.width) * scale, (self.y + self.height) * scale
        return Box(x, y, max(1, half_up(right) - x), max(1, half_up(bottom) - y))

    def within(self, other: "Box") -> "Box":
        """This rectangle relative to the top left corner of ``other``."""
        return Box(self.x - other.x, self.y - other.y, self.width, self.height)


def half_up(value: float) -> int:
    """Round a size as sr-batch and GIMP do."""
    return floor(value + 0.5)


def of_layer(image: Gimp.Image, layer: Gimp.Layer) -> Gimp.Image:
    """A sheet with the pixels of ``layer``, without its mask, mode and effects."""
    sheet = _new_sheet(image, layer.get_width(), layer.get_height())
    copy = Gimp.Layer.new_from_drawable(layer, sheet)
    sheet.insert_layer(copy, None, 0)
    copy.set_offsets(0, 0)
    copy.set_visible(True)
    copy.set_opacity(100)
    copy.set_mode(Gimp.LayerMode.NORMAL)
    if copy.get_mask():
        copy.remove_mask(Gimp.MaskApplyMode.DISCARD)
    for effect in copy.get_filters():
        effect.delete()
    return sheet


def of_image(image: Gimp.Image) -> Gimp.Image:
    """A sheet with the image as GIMP shows it."""
    plain = sole_layer(image)
    if plain:
        return of_layer(image, plain)
    if not any(layer.get_visible() for layer in image.get_layers()):
        raise PluginError("no layer is visible: show one, or choose the active layer")
    sheet = _new_sheet(image, image.get_width(), image.get_height())
    seen = Gimp.Layer.new_from_visible(image, sheet, None)
    sheet.insert_layer(seen, None, 0)
    if _is_opaque(seen):
        seen.flatten()
    return sheet


def sole_layer(image: Gimp.Image) -> Gimp.Layer | None:
    """The one layer whose pixels are exactly the visible image; None if there is no such layer."""
    visible = [layer for layer in image.get_layers() if layer.get_visible()]
    if len(visible) != 1:
        return None
    (layer,) = visible
    covers = (layer.get_width(), layer.get_height()) == (image.get_width(), image.get_height())
    alone = covers and not any(layer.get_offsets()[1:])
    normal = layer.get_mode() in (Gimp.LayerMode.NORMAL, Gimp.LayerMode.NORMAL_LEGACY)
    bare = not (layer.is_group_layer() or layer.get_mask() or layer.get_filters())
    return layer if alone and normal and bare and layer.get_opacity() == 100 else None


def around(box: Box, size: Sequence[int], context: int, scale: float) -> Box:
    """``box`` with ``context`` more pixels on every side, within an image of ``size``.

    Edges move outwards to where they are on whole pixels, or nearest to it, once enlarged by
    ``scale``. So every pixel lands where it would in the whole image.
    """
    left, right = _span(box.x, box.x + box.width, size[0], context, scale)
    top, bottom = _span(box.y, box.y + box.height, size[1], context, scale)
    return Box(left, top, right - left, bottom - top)


def take_for(sheet: Gimp.Image, image: Gimp.Image) -> None:
    """Assign the color profile of ``image`` to ``sheet`` without converting its values."""
    profile = image.get_color_profile()
    if profile:
        sheet.set_color_profile(profile)


def crop(image: Gimp.Image, box: Box) -> None:
    """Crop ``image`` to ``box``."""
    image.crop(box.width, box.height, box.x, box.y)


def write(sheet: Gimp.Image, path: Path) -> None:
    """Write the layer of ``sheet`` as a PNG that holds only pixels, no metadata."""
    sheet.detach_parasite("icc-profile")  # so that the values are sent unconverted
    (layer,) = sheet.get_layers()
    bits = 8 if sheet.get_precision() == Gimp.Precision.U8_NON_LINEAR else 16
    settings: dict[str, Any] = {
        "run-mode": Gimp.RunMode.NONINTERACTIVE,
        "image": sheet,
        "file": Gio.File.new_for_path(str(path)),
        "format": f"{_FORMATS[layer.type()]}{bits}",
        "compression": 1,
        "save-transparent": True,  # keep the colors of fully transparent pixels
    }
    extras = ("bkgd", "phys", "time", "include-exif", "include-iptc", "include-xmp")
    settings |= dict.fromkeys((*extras, "include-color-profile", "include-thumbnail"), False)
    procedure = Gimp.get_pdb().lookup_procedure("file-png-export")
    config = procedure.create_config()
    for name, value in settings.items():
        config.set_property(name, value)
    result = procedure.run(config)
    if result.index(0) != Gimp.PDBStatusType.SUCCESS:
        raise PluginError(f"cannot write the picture for sr-batch: {result.index(1)}")


def _new_sheet(image: Gimp.Image, width: int, height: int) -> Gimp.Image:
    """An empty image of a kind that a PNG can hold: RGB or gray, 8 or 16 bit, perceptual."""
    gray = image.get_base_type() == Gimp.ImageBaseType.GRAY
    base = Gimp.ImageBaseType.GRAY if gray else Gimp.ImageBaseType.RGB
    own = image.get_precision()
    precision = own if own == Gimp.Precision.U8_NON_LINEAR else _PRECISE
    sheet = Gimp.Image.new_with_precision(width, height, base, precision)
    sheet.undo_disable()
    take_for(sheet, image)
    return sheet


def _is_opaque(layer: Gimp.Layer) -> bool:
    *_, share = layer.histogram(Gimp.HistogramChannel.ALPHA, 1.0, 1.0)
    return bool(share == 1)


def _span(start: int, stop: int, side: int, context: int, scale: float) -> tuple[int, int]:
    exact = Fraction(scale).limit_denominator(10_000)

    def off(edge: int) -> Fraction:
        """The distance of ``edge`` from a whole pixel once enlarged."""
        return abs(edge * exact - round(edge * exact))

    nearest, furthest = max(0, start - context), max(0, start - context - _SEARCH)
    first = min(range(nearest, furthest - 1, -1), key=off)
    nearest, furthest = min(side, stop + context), min(side, stop + context + _SEARCH)
    return first, min(range(nearest, furthest + 1), key=off)
