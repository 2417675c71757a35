"""EXIF fields that count pixels turn and grow with the picture, read back by Pillow."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.TiffImagePlugin import IFDRational

from sr_batch import codec
from sr_batch.codec.metadata import exif
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image, Metadata
from tests.codec.pictures import noise, open_pillow, read, saved

AREA, LOCATION, ACROSS, DOWN = 37396, 41492, 41486, 41487
# Of a picture of 40 x 20 that is stored in each of the ways: the centre of its subject.
STORED = {
    1: (10, 5),
    2: (30, 5),
    3: (30, 15),
    4: (10, 15),
    5: (5, 10),
    6: (5, 30),
    7: (15, 30),
    8: (15, 10),
}


def block(orientation: int, area: tuple[int, ...], order: str = "<") -> Pillow.Exif:
    made = Pillow.Exif()
    made.endian = order
    made[274] = orientation
    width, height = (20, 40) if orientation > 4 else (40, 20)
    densities = (IFDRational(5), IFDRational(8))[:: 1 if orientation > 4 else -1]
    inner = made.get_ifd(34665)
    inner.update({40962: width, 40963: height, AREA: area, LOCATION: area[:2]})
    inner.update(dict(zip((ACROSS, DOWN), densities, strict=True)))
    return made


def enlarged(data: bytes, kind: str, factor: int = 3) -> dict[int, object]:
    image = read(data)
    larger = replace(image, color=np.repeat(np.repeat(image.color, factor, 0), factor, 1))
    written = codec.encode_image(Image(larger.color, None, image.metadata), kind, 95)
    return dict(open_pillow(written).getexif().get_ifd(34665))


def jpeg(orientation: int, area: tuple[int, ...], order: str) -> bytes:
    size = (20, 40, 3) if orientation < 5 else (40, 20, 3)
    return saved(Pillow.fromarray(noise(*size)), "JPEG", exif=block(orientation, area, order))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["jpg", "png", "tif"])
def test_the_subject_turns_and_grows(orientation: int, order: str, kind: str) -> None:
    sides = (4, 8) if orientation > 4 else (8, 4)
    found = enlarged(jpeg(orientation, (*STORED[orientation], *sides), order), kind)
    assert found[AREA] == (30, 15, 24, 12)
    assert found[LOCATION] == (30, 15)
    assert (found[ACROSS], found[DOWN]) == (24, 15)
    assert (found[40962], found[40963]) == (120, 60)


def test_a_subject_may_be_a_point_or_a_circle() -> None:
    assert enlarged(jpeg(6, (5, 30), "<"), "jpg")[AREA] == (30, 15)
    assert enlarged(jpeg(6, (5, 30, 4), "<"), "jpg")[AREA] == (30, 15, 12)


def test_the_subject_of_a_turned_tiff_turns() -> None:
    turned = block(6, (5, 30)).tobytes().removeprefix(b"Exif\0\0")
    stored = codec.encode_image(Image(noise(40, 20, 3), None, Metadata(exif=turned)), "tif", 95)
    found = enlarged(stored, "tif")
    assert (found[AREA], found[40962], found[40963]) == ((30, 15), 120, 60)


def test_a_block_without_the_size_it_refers_to_is_left_as_it_is() -> None:
    made = block(1, (10, 5))
    for tag in (40962, 40963):
        del made.get_ifd(34665)[tag]
    before = made.tobytes().removeprefix(b"Exif\0\0")
    assert exif.with_size(before, Size(400, 200)) == before


def test_numbers_that_do_not_fit_are_the_largest_that_do() -> None:
    made = block(1, (60_000, 5)).tobytes().removeprefix(b"Exif\0\0")
    larger = Pillow.Exif()
    larger.load(exif.with_size(made, Size(4000, 2000)) or b"")
    assert larger.get_ifd(34665)[AREA] == (65_535, 500)
