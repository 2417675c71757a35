"""Puts the result into the enlarged image, or into a new one."""

from pathlib import Path

from gi.repository import Gegl, Gimp, Gio
from sheet import Box, half_up, take_for

_NAME = "Super-resolution"


def load(path: Path, image: Gimp.Image, size: Box) -> Gimp.Image:
    """The PNG at ``path``, resized to ``size``, in the color mode and profile of ``image``."""
    picture = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(path)))
    picture.undo_disable()
    gray = image.get_base_type() == Gimp.ImageBaseType.GRAY
    if gray and picture.get_base_type() != Gimp.ImageBaseType.GRAY:
        picture.convert_grayscale()
    if not gray and picture.get_base_type() != Gimp.ImageBaseType.RGB:
        picture.convert_rgb()
    take_for(picture, image)
    if (picture.get_width(), picture.get_height()) != (size.width, size.height):
        picture.scale(size.width, size.height)  # by one pixel: an edge was between two pixels
    return picture


def grow(image: Gimp.Image, scale: float) -> None:
    """Scale ``image`` with everything in it by GIMP itself; an indexed image becomes RGB."""
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
        image.convert_rgb()
    image.scale(half_up(image.get_width() * scale), half_up(image.get_height() * scale))


def put_into(image: Gimp.Image, layer: Gimp.Layer, picture: Gimp.Image) -> None:
    """Replace the pixels of ``layer`` by those of ``picture``, and nothing else."""
    width, height = picture.get_width(), picture.get_height()
    if (layer.get_width(), layer.get_height()) != (width, height):
        layer.resize(width, height, 0, 0)
    fresh = Gimp.Layer.new_from_drawable(picture.get_layers()[0], image)
    area = Gegl.Rectangle.new(0, 0, width, height)
    # GIMP would write inside the selection only, and would not change locked opacity.
    selection = _clear_selection(image)
    locked = layer.get_lock_alpha()
    layer.set_lock_alpha(False)
    shadow = layer.get_shadow_buffer()
    fresh.get_buffer().copy(area, Gegl.AbyssPolicy.NONE, shadow, area)
    shadow.flush()
    layer.merge_shadow(True)
    layer.update(0, 0, width, height)
    layer.set_lock_alpha(locked)
    _restore_selection(image, selection)
    image.set_selected_layers([layer])
    fresh.delete()


def put_on_top(image: Gimp.Image, picture: Gimp.Image, place: Box, shaped: bool) -> Gimp.Layer:
    """Add ``picture`` at ``place`` as the top layer; ``shaped`` masks it by the selection."""
    fresh = Gimp.Layer.new_from_drawable(picture.get_layers()[0], image)
    fresh.set_name(_NAME)
    image.insert_layer(fresh, None, 0)
    fresh.set_offsets(place.x, place.y)
    if shaped:
        fresh.add_mask(fresh.create_mask(Gimp.AddMaskType.SELECTION))
        fresh.set_edit_mask(False)
    return fresh


def new_image(
    image: Gimp.Image, picture: Gimp.Image, place: Box, scale: float, shaped: bool
) -> Gimp.Image:
    """A copy of ``image`` that has only ``picture`` as its layer and the size of ``place``."""
    copy = image.duplicate()
    copy.undo_disable()
    for layer in copy.get_layers():
        copy.remove_layer(layer)
    grow(copy, scale)
    put_on_top(copy, picture, place, shaped)
    copy.resize(place.width, place.height, -place.x, -place.y)
    Gimp.Selection.none(copy)
    copy.undo_enable()
    return copy


def _clear_selection(image: Gimp.Image) -> Gimp.Channel | None:
    if Gimp.Selection.is_empty(image):
        return None
    saved = Gimp.Selection.save(image)
    Gimp.Selection.none(image)
    return saved


def _restore_selection(image: Gimp.Image, selection: Gimp.Channel | None) -> None:
    if selection:
        image.select_item(Gimp.ChannelOps.REPLACE, selection)
        image.remove_channel(selection)
