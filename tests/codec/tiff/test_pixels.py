import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.errors import UnreadableImage
from tests.codec.pictures import PLENTY, merged, noise, open_pillow, read, saved, tiff_file

LZW, OLD_DEFLATE, DEFLATE, PACKED = 5, 32946, 8, 32773


@pytest.mark.parametrize("layout", ["strips", "tiles", "planes", "planes of tiles"])
@pytest.mark.parametrize("packing", ["none", "deflate", "predicted"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("samples", [1, 2, 3, 4])
def test_reads_every_sample_exactly(
    samples: int, depth: int, order: str, packing: str, layout: str
) -> None:
    pixels = noise(23, 37, samples, depth=depth)
    data = tiff_file(
        pixels,
        order,
        tile=16 if "tiles" in layout else None,
        separate="planes" in layout,
        deflate=packing != "none",
        predictor=packing == "predicted",
        tags={Tag.EXTRA_SAMPLES: 2} if samples in (2, 4) else {},
    )
    image = read(data)
    assert image.is_gray == (samples < 3)
    assert image.color.dtype == pixels.dtype
    assert np.array_equal(merged(image), pixels)


@pytest.mark.parametrize("compression", [1, LZW, OLD_DEFLATE, DEFLATE, PACKED])
@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("samples", [1, 3, 4])
def test_reads_what_opencv_writes(
    samples: int, depth: int, predictor: int, compression: int
) -> None:
    pixels = noise(23, 37, samples, depth=depth)
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
    data = cv2.imencode(".tif", pixels, options)[1].tobytes()
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[samples]
    assert np.array_equal(merged(read(data)), pixels[..., order])


@pytest.mark.parametrize(
    "compression",
    [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "jpeg", "group4", "tiff_lzma"],
)
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_reads_the_same_pixels_as_pillow(mode: str, compression: str | None) -> None:
    if (compression == "group4") != (mode == "1") or (compression, mode) == ("jpeg", "P"):
        mode, compression = "L", "tiff_lzw"
    data = saved(Pillow.fromarray(noise(24, 40, 4)).convert(mode), "TIFF", compression=compression)
    expected = open_pillow(data)
    expected = expected.convert({"1": "L", "P": "RGB"}.get(expected.mode, expected.mode))
    assert np.array_equal(merged(read(data)).squeeze(), np.asarray(expected))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_reads_luma_and_chroma_as_pillow_does(compression: str | None) -> None:
    data = saved(
        Pillow.fromarray(noise(24, 40, 3)).convert("YCbCr"), "TIFF", compression=compression
    )
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert file.pages.first.photometric == 6
    assert np.array_equal(read(data).color, np.asarray(open_pillow(data).convert("RGB")))


@pytest.mark.parametrize("depth", [8, 16])
def test_white_may_be_zero(depth: int) -> None:
    pixels = noise(7, 9, 1, depth=depth)
    data = tiff_file(pixels, tags={Tag.PHOTOMETRIC: 0})
    assert np.array_equal(read(data).color, 2**depth - 1 - pixels)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("samples", [2, 4])
def test_divides_by_associated_alpha(samples: int, depth: int) -> None:
    limit = 2**depth - 1
    pixels = noise(20, 30, samples, depth=depth)
    pixels[..., :-1] = np.minimum(pixels[..., :-1], pixels[..., -1:])
    image = read(tiff_file(pixels, tags={Tag.EXTRA_SAMPLES: 1}))
    assert np.array_equal(merged(image)[..., -1], pixels[..., -1])
    again = np.rint(image.color * (pixels[..., -1:] / limit))
    assert np.array_equal(again, pixels[..., :-1])


def test_does_not_divide_by_zero_alpha() -> None:
    image = read(tiff_file(np.array([[[9, 8, 7, 0]]], np.uint16), tags={Tag.EXTRA_SAMPLES: 1}))
    assert image.alpha is not None
    assert image.alpha.item() == 0


@pytest.mark.parametrize("depth", [8, 16])
def test_samples_without_meaning_are_skipped(depth: int) -> None:
    pixels = noise(6, 7, 5, depth=depth)
    image = read(tiff_file(pixels, tags={Tag.EXTRA_SAMPLES: [0, 0]}))
    assert image.alpha is None
    assert np.array_equal(image.color, pixels[..., :3])


def test_an_undescribed_fourth_sample_is_alpha() -> None:
    pixels = noise(6, 7, 4)
    assert np.array_equal(merged(read(tiff_file(pixels))), pixels)


def test_a_predictor_without_compression_is_ignored() -> None:
    pixels = noise(6, 7, 3)
    assert np.array_equal(read(tiff_file(pixels, tags={Tag.PREDICTOR: 2})).color, pixels)


@pytest.mark.parametrize("place", ["start", "middle"])
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "tiff_deflate"])
def test_damage_is_an_error_and_nothing_else(
    compression: str, place: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(saved(Pillow.fromarray(noise(30, 40, 3)), "TIFF", compression=compression))
    start = 8 if place == "start" else len(data) // 2
    data[start : start + 60] = b"\xff" * 60
    with pytest.raises(UnreadableImage, match=r"^a\.tif: truncated or damaged tif"):
        codec.read_image(bytes(data), "a.tif", PLENTY)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("compression", ["jpeg", "zstd", "group4"])
def test_a_stream_that_makes_no_sense_is_an_error_and_nothing_else(
    compression: str, capfd: pytest.CaptureFixture[str]
) -> None:
    pixels = Pillow.fromarray(noise(30, 40, 3)).convert("1" if compression == "group4" else "RGB")
    data = bytearray(saved(pixels, "TIFF", compression=compression))
    data[8:150] = bytes(142)
    with pytest.raises(UnreadableImage, match=r"^a\.tif: truncated or damaged tif"):
        codec.read_image(bytes(data), "a.tif", PLENTY)
    assert capfd.readouterr() == ("", "")
