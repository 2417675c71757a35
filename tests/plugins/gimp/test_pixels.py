"""For every kind of image, GIMP gets the same pixels as from sr-batch, bit for bit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import sr_batch
from sr_batch.codec import encode_image, read_image
from sr_batch.codec.color import h273
from sr_batch.core.image import Image, Metadata, Pixels
from tests.plugins.gimp.conftest import Program

pytestmark = pytest.mark.slow  # a whole GIMP, in a chroot

P3, SRGB_CURVE = 12, 13  # code points of H.273
HEIGHT, WIDTH = 30, 42
KINDS = [
    f"{color}{alpha}{depth}"
    for color in ("gray", "rgb")
    for alpha in ("", "a")
    for depth in (8, 16)
]
SCRIPT = """
def check(name, kind, change=None, suffix="", **settings):
    image = load(folder / f"{name}.png")
    if change:
        change(image)
    precision, dirty = image.get_precision(), image.is_dirty()
    new = enlarge(image, result="new", **settings)
    assert size(new) == (2 * image.get_width(), 2 * image.get_height())
    assert image.is_dirty() == dirty, "the original has changed"
    assert new.get_precision() == precision
    assert new.is_dirty(), "GIMP would close it without asking"
    assert len(new.get_layers()) == 1
    if kind == "rgb16":
        new.convert_precision(Gimp.Precision.U16_NON_LINEAR)
    save(new, folder / f"{name}-{precision.value_nick}{suffix}-out.png", kind)

for name in %r:
    check(name, name)
check("rgb16", "rgb16", lambda image: image.convert_precision(Gimp.Precision.FLOAT_LINEAR))
check("palette", "rgb8")
check("p3", "rgb8")
check("rgb8", "rgb8", suffix="-turned", **{"self-ensemble": True})
"""


def random_picture(kind: str) -> Image:
    """Random values, with fully transparent pixels that have colors."""
    generator = np.random.default_rng(len(kind))
    dtype = np.uint8 if kind.endswith("8") else np.uint16
    top = np.iinfo(dtype).max
    noise = generator.integers(0, top, (HEIGHT, WIDTH, 4), dtype, endpoint=True)
    noise[:8, :8, 3] = 0
    color = noise[..., :3] if kind.startswith("rgb") else noise[..., :1]
    return Image(color, noise[..., 3] if "a" in kind.removeprefix("gray") else None)


def write(path: Path, image: Image) -> None:
    path.write_bytes(encode_image(image, "png", 95))


def read(path: Path) -> Image:
    return read_image(path.read_bytes(), path.name, 10**6)


def values(image: Image) -> Pixels:
    """Color and alpha in one array."""
    return image.color if image.alpha is None else np.dstack([image.color, image.alpha])


@pytest.fixture(scope="module")
def outputs(gimp: Program) -> Path:
    """A folder with the inputs, and the outputs that one run of GIMP made."""
    for kind in KINDS:
        write(gimp.folder / f"{kind}.png", random_picture(kind))
    rgb = Pillow.fromarray(random_picture("rgb8").color)
    rgb.quantize(40).save(gimp.folder / "palette.png")
    icc, _ = h273.of_numbers(P3, SRGB_CURVE)
    with_profile = replace(random_picture("rgb8"), metadata=Metadata(icc=icc))
    write(gimp.folder / "p3.png", with_profile)
    gimp.run(SCRIPT % KINDS)
    return gimp.folder


def expected(outputs: Path, name: str) -> Image:
    return sr_batch.upscale(read(outputs / f"{name}.png"), model="espcn")


@pytest.mark.parametrize("name", [*KINDS, "palette", "p3"])
def test_gives_the_same_pixels_as_sr_batch(outputs: Path, name: str) -> None:
    precision = "u16" if name.endswith("16") else "u8"
    found = read(outputs / f"{name}-{precision}-non-linear-out.png")
    assert np.array_equal(values(found), values(expected(outputs, name)))


def test_floating_point_is_exact_to_16_bit(outputs: Path) -> None:
    found = read(outputs / "rgb16-float-linear-out.png").color.astype(int)
    assert np.abs(found - expected(outputs, "rgb16").color).max() <= 1


def test_self_ensemble_gives_the_same_pixels(outputs: Path) -> None:
    found = read(outputs / "rgb8-u8-non-linear-turned-out.png")
    turned = sr_batch.upscale(read(outputs / "rgb8.png"), model="espcn", self_ensemble=True)
    assert np.array_equal(found.color, turned.color)
    assert not np.array_equal(found.color, expected(outputs, "rgb8").color)


def test_keeps_the_color_profile(outputs: Path) -> None:
    kept = read(outputs / "p3-u8-non-linear-out.png").metadata.icc
    assert kept is not None
    assert kept == read(outputs / "p3.png").metadata.icc
