"""One enlargement: sends the pixels to sr-batch and puts the result into an image."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gi.repository import Gimp
from placing import grow, load, new_image, put_into, put_on_top
from sheet import Box, around, crop, half_up, of_image, of_layer, sole_layer, write
from tool import PluginError, Settings, models, scratch, upscale

# Values of the settings and their labels in the dialog; the first is the default.
MODES = {
    "auto": "What the network was made for",
    "rgb": "Color",
    "y": "Luma; color is interpolated",
}
PARTS = {
    "image": "The whole image, as it is seen",
    "layer": "The active layer alone",
    "selection": "The selection",
}
RESULTS = {
    "new": "Into a new image",
    "replace": "In its place; the image grows",
}
_LARGEST = 524_288  # side of an image in GIMP
# Pixels around a selection for a network that does not state its receptive field.
_CONTEXT = 64


@dataclass(frozen=True)
class Job:
    """An enlargement that the user asked for.

    Attributes:
        image: The open image.
        drawables: Its active layers or channels.
        settings: The network and its options.
        part: A key of ``PARTS``.
        result: A key of ``RESULTS``.
    """

    image: Gimp.Image
    drawables: tuple[Gimp.Drawable, ...]
    settings: Settings
    part: str
    result: str

    def run(self, on_progress: Callable[[float], object]) -> Gimp.Image:
        """Enlarge, and return the image that holds the result.

        The open image changes only after sr-batch has finished.

        Args:
            on_progress: Called with the finished share, 0 to 1.

        Raises:
            PluginError: it failed, and nothing has changed.
        """
        self._check()
        sheet = of_layer(self.image, self._layer) if self._layer else of_image(self.image)
        crop(sheet, self._sent)
        back, place = (box.enlarged(self.settings.scale) for box in (self._sent, self._box))
        with scratch() as folder:
            source, target = folder / "picture.png", folder / "enlarged.png"
            write(sheet, source)
            sheet.delete()
            upscale(source, target, self.settings, on_progress)
            picture = load(target, self.image, back)
        crop(picture, place.within(back))
        enlarged = self._placed(picture, place)
        picture.delete()
        return enlarged

    @cached_property
    def _layer(self) -> Gimp.Layer | None:
        """The layer to enlarge; None for the visible image or a selection of it."""
        if self.part != "layer":
            return None
        if len(self.drawables) != 1 or not isinstance(self.drawables[0], Gimp.Layer):
            raise PluginError("select exactly one layer in the Layers list")
        layer = self.drawables[0]
        if layer.is_group_layer():
            raise PluginError("a layer group has no pixels: choose a layer in it")
        return layer

    @cached_property
    def _into(self) -> Gimp.Layer | None:
        """The layer whose pixels the result replaces; None if it becomes a new layer."""
        return sole_layer(self.image) if self.part == "image" else self._layer

    @cached_property
    def _box(self) -> Box:
        """The area to enlarge, in pixels of the layer or of the image."""
        whole = self._layer or self.image
        if self.part != "selection":
            return Box(0, 0, whole.get_width(), whole.get_height())
        _, found, left, top, right, bottom = Gimp.Selection.bounds(self.image)
        if not found:
            raise PluginError("nothing is selected: select something, or enlarge the whole image")
        return Box(left, top, right - left, bottom - top)

    @cached_property
    def _sent(self) -> Box:
        """The area to send: for a selection, with the pixels around it that the network sees."""
        if self.part != "selection":
            return self._box
        fields = [
            each["receptive_field"] for each in models() if each["name"] == self.settings.model
        ]
        # A network sees half of it on each side; a second pass needs at most as much again.
        context = max(fields, default=_CONTEXT)
        size = self.image.get_width(), self.image.get_height()
        return around(self._box, size, context, self.settings.scale)

    def _check(self) -> None:
        if self.image.get_floating_sel():
            raise PluginError(
                "there is a floating selection: anchor it first (Layer > Anchor Layer)"
            )
        longest = max(self.image.get_width(), self.image.get_height(), *self._box.size)
        if half_up(longest * self.settings.scale) > _LARGEST:
            raise PluginError(
                f"GIMP images have at most {_LARGEST} pixels a side: choose a smaller scale"
            )
        if self.result == "replace" and self._into and self._into.get_lock_content():
            raise PluginError("the pixels of the layer are locked: unlock them in the Layers list")

    def _placed(self, picture: Gimp.Image, place: Box) -> Gimp.Image:
        shaped = self.part == "selection" and not _is_rectangle(self.image, self._box)
        if self.result == "new":
            return new_image(self.image, picture, place, self.settings.scale, shaped)
        self.image.undo_group_start()
        try:
            self._replace(picture, place, shaped)
        finally:
            self.image.undo_group_end()
        return self.image

    def _replace(self, picture: Gimp.Image, place: Box, shaped: bool) -> None:
        """Scale the image and put ``picture`` into it."""
        into, below = self._into, self.image.get_layers()
        grow(self.image, self.settings.scale)
        if into:
            put_into(self.image, into, picture)
            return
        put_on_top(self.image, picture, place, shaped)
        if self.part == "image":
            for layer in below:  # the result already contains them
                layer.set_visible(False)


def _is_rectangle(image: Gimp.Image, box: Box) -> bool:
    """Whether the selection of ``image`` fills ``box``."""
    selected = image.get_selection().histogram(Gimp.HistogramChannel.VALUE, 1.0, 1.0)
    return bool(selected.count == box.width * box.height)
