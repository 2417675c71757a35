"""One enlargement from end to end: what is sent, what comes back, and where it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gi.repository import Gimp
from placing import grow, load, new_image, put_into, put_on_top
from sheet import Box, around, crop, half_up, of_image, of_layer, sole_layer, write
from tool import Trouble, Wish, models, scratch, upscale

# Values of the settings and what the dialog calls them; the first is the default.
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
# Pixels round a selection that a network may look at, where it does not say.
_CONTEXT = 64


@dataclass(frozen=True)
class Job:
    """What the user asked for.

    Attributes:
        image: The image that is open.
        drawables: What is active in it.
        wish: What is asked of the network.
        part: A key of ``PARTS``.
        result: A key of ``RESULTS``.
    """

    image: Gimp.Image
    drawables: tuple[Gimp.Drawable, ...]
    wish: Wish
    part: str
    result: str

    def run(self, told: Callable[[float], object]) -> Gimp.Image:
        """Do it; the image that holds the result. Nothing is changed before sr-batch is done.

        Args:
            told: Given what is done, 0 to 1, as the work goes on.

        Raises:
            Trouble: it cannot be done; nothing has changed.
        """
        self._check()
        sheet = of_layer(self.image, self._layer) if self._layer else of_image(self.image)
        crop(sheet, self._sent)
        back, place = (box.enlarged(self.wish.scale) for box in (self._sent, self._box))
        with scratch() as folder:
            source, target = folder / "picture.png", folder / "enlarged.png"
            write(sheet, source)
            sheet.delete()
            upscale(source, target, self.wish, told)
            picture = load(target, self.image, back)
        crop(picture, place.within(back))
        enlarged = self._placed(picture, place)
        picture.delete()
        return enlarged

    @cached_property
    def _layer(self) -> Gimp.Layer | None:
        """The one whose pixels are asked for; None where it is what is seen."""
        if self.part != "layer":
            return None
        if len(self.drawables) != 1 or not isinstance(self.drawables[0], Gimp.Layer):
            raise Trouble("there is not one active layer: click one in the Layers list")
        layer = self.drawables[0]
        if layer.is_group_layer():
            raise Trouble("a group has no pixels of its own: choose a layer in it")
        return layer

    @cached_property
    def _into(self) -> Gimp.Layer | None:
        """The layer that gets the pixels of the result in its place; None for a new layer."""
        return sole_layer(self.image) if self.part == "image" else self._layer

    @cached_property
    def _box(self) -> Box:
        """What is enlarged, in pixels of the layer or of the image."""
        whole = self._layer or self.image
        if self.part != "selection":
            return Box(0, 0, whole.get_width(), whole.get_height())
        _, found, left, top, right, bottom = Gimp.Selection.bounds(self.image)
        if not found:
            raise Trouble("nothing is selected: select something, or enlarge the whole image")
        return Box(left, top, right - left, bottom - top)

    @cached_property
    def _sent(self) -> Box:
        """What is sent: a selection needs what is round it."""
        if self.part != "selection":
            return self._box
        fields = [each["receptive_field"] for each in models() if each["name"] == self.wish.model]
        # Half of it to a side; for a second network after the first one that much again, at most.
        context = max(fields, default=_CONTEXT)
        size = self.image.get_width(), self.image.get_height()
        return around(self._box, size, context, self.wish.scale)

    def _check(self) -> None:
        if self.image.get_floating_sel():
            raise Trouble("there is a floating selection: anchor it first (Layer > Anchor Layer)")
        longest = max(self.image.get_width(), self.image.get_height(), *self._box.size)
        if half_up(longest * self.wish.scale) > _LARGEST:
            raise Trouble(f"GIMP holds {_LARGEST} pixels a side: choose a smaller scale")
        if self.result == "replace" and self._into and self._into.get_lock_content():
            raise Trouble("the pixels of the layer are locked: unlock them in the Layers list")

    def _placed(self, picture: Gimp.Image, place: Box) -> Gimp.Image:
        shaped = self.part == "selection" and not _is_rectangle(self.image, self._box)
        if self.result == "new":
            return new_image(self.image, picture, place, self.wish.scale, shaped)
        self.image.undo_group_start()
        try:
            self._replace(picture, place, shaped)
        finally:
            self.image.undo_group_end()
        return self.image

    def _replace(self, picture: Gimp.Image, place: Box, shaped: bool) -> None:
        """Let the image grow and put ``picture`` where it belongs."""
        into, below = self._into, self.image.get_layers()
        grow(self.image, self.wish.scale)
        if into:
            put_into(self.image, into, picture)
            return
        put_on_top(self.image, picture, place, shaped)
        if self.part == "image":
            for layer in below:  # what is seen of them is in the result
                layer.set_visible(False)


def _is_rectangle(image: Gimp.Image, box: Box) -> bool:
    """Whether the selection of ``image`` is all of ``box``."""
    selected = image.get_selection().histogram(Gimp.HistogramChannel.VALUE, 1.0, 1.0)
    return bool(selected.count == box.width * box.height)
