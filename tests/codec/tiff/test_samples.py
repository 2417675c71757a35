"""Samples of every kind, as tifffile and libtiff (through OpenCV and Pillow) write them."""

from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as Pillow

from sr_batch.codec.metadata.tags import Tag
from tests.codec.pictures import by_tifffile, merged, read, saved, tiff_file

KINDS = ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"]
LZW, DEFLATE = 5, 8


def samples(dtype: str, *shape: int) -> npt.NDArray[Any]:
    """Over the whole range of integers, or 0..1."""
    random, kind = np.random.default_rng(sum(shape)), np.dtype(dtype)
    if kind.kind == "f":
        return random.random(shape).astype(kind)
    limits = np.iinfo(kind)
    return random.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)


def as_pixels(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The nearest of 256 or 65536 levels, by another way of counting."""
    if values.dtype.kind == "f":
        return np.rint(values.astype(np.float64) * 65535)
    limits = np.iinfo(values.dtype)
    share = (values.astype(np.float64) - limits.min) / (2.0 ** (8 * values.itemsize) - 1)
    return np.rint(share * (255 if values.itemsize == 1 else 65535))


@pytest.mark.parametrize("layout", ["strips", "tiles", "planes", "planes of tiles"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", KINDS)
def test_reads_every_kind_of_number(dtype: str, order: Literal["<", ">"], layout: str) -> None:
    for count in (1, 3, 4):
        values = samples(dtype, 23, 37, count)
        planes = "planes" in layout and count > 1
        data = by_tifffile(
            np.moveaxis(values, 2, 0) if planes else values.squeeze(),
            byteorder=order,
            photometric="rgb" if count > 1 else "minisblack",
            planarconfig=("separate" if planes else "contig") if count > 1 else None,
            tile=(16, 32) if "tiles" in layout else None,
            rowsperstrip=None if "tiles" in layout else 5,
            compression="zlib" if order == ">" else None,
            extrasamples=["unassalpha"] if count == 4 else None,
        )
        assert np.array_equal(merged(read(data)), as_pixels(values))


@pytest.mark.parametrize("compression", [LZW, DEFLATE])
@pytest.mark.parametrize(
    ("dtype", "predictor"),
    [("f4", 1), ("f4", 2), ("f4", 3), ("i4", 2), ("u2", 2), ("u1", 2)],
)
@pytest.mark.parametrize("count", [1, 3, 4])
def test_undoes_prediction(count: int, dtype: str, predictor: int, compression: int) -> None:
    values = samples(dtype, 23, 37, count)
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
    data = cv2.imencode(".tif", values, options)[1].tobytes()
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[count]
    assert np.array_equal(merged(read(data)), as_pixels(values[..., order]))


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2"])
def test_prediction_restarts_in_every_tile(dtype: str) -> None:
    values = samples(dtype, 40, 50, 3)
    data = by_tifffile(
        values, photometric="rgb", tile=(16, 16), compression="zlib", predictor=2, byteorder=">"
    )
    assert np.array_equal(merged(read(data)), as_pixels(values))


def test_reads_prediction_of_floats_by_libtiff() -> None:
    values = samples("f4", 30, 20)
    data = saved(Pillow.fromarray(values), "TIFF", compression="tiff_lzw", tiffinfo={317: 3})
    assert np.array_equal(read(data).color[..., 0], as_pixels(values))


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6, 7, 9, 10, 12, 14, 15])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("count", [1, 3])
def test_reads_packed_bits(count: int, order: str, bits: int) -> None:
    levels = 2**bits - 1
    values = samples("u2", 13, 37, count) & levels
    rows = ["".join(f"{value:0{bits}b}" for value in row.ravel()) for row in values]
    octets = [
        [int(row[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(row), 8)] for row in rows
    ]
    data = tiff_file(
        np.array(octets, np.uint8)[..., None],
        order,
        deflate=order == ">",
        tags={
            Tag.WIDTH: 37,
            Tag.SAMPLES: count,
            Tag.BITS: [bits] * count,
            Tag.PHOTOMETRIC: 2 if count == 3 else 1,
        },
    )
    image = read(data)
    white = 255 if bits <= 8 else 65535
    assert np.array_equal(image.color, np.rint(values / levels * white))
    assert image.metadata.note == (None if bits <= 8 else f"{bits} bit widened to 16")
