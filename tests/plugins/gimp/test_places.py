"""What is enlarged and where the result goes: image, layer and selection, new and in place."""

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags
from PIL import Image as Pillow

import sr_batch
from sr_batch.codec import encode_image
from sr_batch.core.image import Image, Metadata, Pixels
from tests.plugins.gimp.conftest import Program

pytestmark = pytest.mark.slow  # a whole GIMP, in a chroot

HEIGHT, WIDTH = 60, 80
SCRIPT = """
picture, other = folder / "picture.png", folder / "other.png"

def artist(image):
    lines = image.get_metadata().serialize().splitlines()
    return [line for line in lines if "Exif.Image.Artist" in line]

def two_layers():
    image = load(picture)
    image.insert_layer(copied(image, other, "other"), None, 0)
    return image, *image.get_layers()

# A hidden layer does not count; it is scaled and stays hidden.
image, other_layer, layer = two_layers()
other_layer.set_visible(False)
assert enlarge(image, other_layer, part="image", result="replace") == image
assert size(image) == size(other_layer) == (160, 120)
assert [each.get_visible() for each in image.get_layers()] == [False, True]
dump(layer, folder / "hidden.raw")

# Several visible layers: the result becomes a layer above them, and they are hidden.
image, other_layer, layer = two_layers()
other_layer.set_opacity(40)
other_layer.set_offsets(12, 8)
flat = image.duplicate()
flat.flatten()
save(flat, folder / "flat.png", "rgb8")
enlarge(image, part="image", result="replace")
top, *below = image.get_layers()
assert len(below) == 2 and not any(each.get_visible() for each in below)
assert (size(image), size(top), place(top)) == ((160, 120), (160, 120), (0, 0))
dump(top, folder / "top.raw")

# A layer gets the new pixels and keeps everything else.
image = load(picture)
group = Gimp.GroupLayer.new(image)
image.insert_layer(group, None, 0)
layer = copied(image, other, "retouched")
image.insert_layer(layer, group, 0)
layer.scale(30, 20, False)
dump(layer, folder / "layer-before.raw")
layer.set_offsets(11, 7)
layer.set_opacity(50)
layer.set_mode(Gimp.LayerMode.MULTIPLY)
layer.set_lock_alpha(True)
layer.add_mask(layer.create_mask(Gimp.AddMaskType.BLACK))
image.select_ellipse(Gimp.ChannelOps.REPLACE, 0, 0, 20, 20)  # does not count
new = enlarge(image, layer, part="layer", result="new")
assert (size(new), len(new.get_layers())) == ((60, 40), 1)
dump(new.get_layers()[0], folder / "layer-new.raw")
enlarge(image, layer, part="layer", result="replace")
dump(layer, folder / "layer-after.raw")
assert (size(layer), place(layer), size(layer.get_mask())) == ((60, 40), (22, 14), (60, 40))
assert (layer.get_name(), layer.get_opacity()) == ("retouched", 50)
assert layer.get_mode() == Gimp.LayerMode.MULTIPLY
assert layer.get_parent() == group
assert layer.get_lock_alpha()
assert image.get_selected_layers() == [layer]
assert not image.get_channels()
_, selected, *bounds = Gimp.Selection.bounds(image)
assert selected and max(bounds) in (40, 41)  # GIMP softens its edge

# A selection is sent with the pixels around it, and the result goes to the same place.
image = load(picture)
image.select_ellipse(Gimp.ChannelOps.REPLACE, 21, 13, 40, 30)
new = enlarge(image, part="selection", result="new")
layer = new.get_layers()[0]
assert (size(new), place(layer)) == ((80, 60), (0, 0)) and layer.get_mask()
dump(layer, folder / "selection-new.raw")
assert Gimp.Selection.is_empty(new) and not Gimp.Selection.is_empty(image)
enlarge(image, part="selection", result="replace")
top, below = image.get_layers()
assert size(image) == size(below) == (160, 120)
assert (size(top), place(top)) == ((80, 60), (42, 26))
assert below.get_visible()
dump(top, folder / "selection-top.raw")
dump(top.get_mask(), folder / "selection-mask.raw")

# At a fractional scale; a rectangle needs no mask.
image = load(picture)
image.select_rectangle(Gimp.ChannelOps.REPLACE, 21, 13, 40, 30)
enlarge(image, part="selection", result="replace", scale=1.5)
top = image.get_layers()[0]
assert (size(image), size(top), place(top)) == ((120, 90), (60, 45), (32, 20))
assert not top.get_mask()
dump(top, folder / "fractional.raw")

# An indexed image becomes RGB; the settings reach the network.
image = load(picture)
dither, palette = Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE
image.convert_indexed(dither, palette, 9, False, False, "")
new = enlarge(image, part="image", result="replace", model="fast", mode="y", scale=3)
assert (size(image), image.get_base_type()) == ((240, 180), Gimp.ImageBaseType.RGB)

# Resolution and metadata stay.
image = load(folder / "photo.jpg")
new = enlarge(image, part="image", result="new")
assert new.get_resolution() == image.get_resolution() == (True, 180, 180)
assert artist(new) == artist(image) != []
"""


def noise(seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.fixture(scope="module")
def done(gimp: Program) -> Path:
    """The folder with the files that the script wrote."""
    for seed, name in enumerate(("picture", "other")):
        image = Image(noise(seed), metadata=Metadata(dpi=(200, 200)))
        (gimp.folder / f"{name}.png").write_bytes(encode_image(image, "png", 95))
    exif = Pillow.Exif()
    exif[ExifTags.Base.Artist] = "A. Photographer"
    Pillow.fromarray(noise(2)).save(gimp.folder / "photo.jpg", dpi=(180, 180), exif=exif)
    gimp.run(SCRIPT)
    return gimp.folder


def raw(path: Path, width: int, channels: int) -> Pixels:
    return np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, width, channels)


def espcn(pixels: Pixels, scale: float = 2) -> Pixels:
    enlarged: Pixels = sr_batch.upscale(pixels.astype(np.uint8), model="espcn", scale=scale)
    return enlarged


def test_a_single_visible_layer_gets_the_pixels(done: Path) -> None:
    assert np.array_equal(raw(done / "hidden.raw", 160, 3), espcn(noise(0)))


def test_several_layers_are_enlarged_as_they_are_shown(done: Path) -> None:
    seen = sr_batch.upscale(done / "flat.png", model="espcn")
    assert np.array_equal(raw(done / "top.raw", 160, 3), np.asarray(seen))


@pytest.mark.parametrize("name", ["layer-new", "layer-after"])
def test_a_layer_is_enlarged_alone(done: Path, name: str) -> None:
    before = raw(done / "layer-before.raw", 30, 3)
    assert np.array_equal(raw(done / f"{name}.raw", 60, 3), espcn(before))


@pytest.mark.parametrize("name", ["selection-new", "selection-top"])
def test_a_selection_has_the_same_pixels_as_the_whole_image(done: Path, name: str) -> None:
    whole = espcn(noise(0))
    assert np.array_equal(raw(done / f"{name}.raw", 80, 3), whole[26:86, 42:122])


def test_a_selection_is_masked_by_its_shape(done: Path) -> None:
    mask = raw(done / "selection-mask.raw", 80, 1)[..., 0]
    assert mask[30, 40] == 255
    assert mask[0, 0] == mask[-1, -1] == 0


def test_a_selection_lands_on_whole_pixels(done: Path) -> None:
    whole = espcn(noise(0), 1.5)
    assert np.array_equal(raw(done / "fractional.raw", 60, 3), whole[20:65, 32:92])
