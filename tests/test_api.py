import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

import sr_batch
from sr_batch.core.errors import (
    ImageError,
    SrBatchError,
    UnknownModel,
    UnreadableImage,
    UnsupportedImage,
    UsageError,
)
from sr_batch.core.image import Image, Metadata

ROOT = Path(__file__).parents[1]


@pytest.fixture
def model() -> str:
    return str(ROOT / "exported" / "fast_x2.onnx")


def noise(*shape: int, kind: Any = np.uint8) -> np.ndarray:
    random, top = np.random.default_rng(0), np.iinfo(kind).max
    pixels: np.ndarray = random.integers(0, top, shape, kind, endpoint=True)
    return pixels


def enlarge(image: Any, model: str, **options: Any) -> Any:
    return sr_batch.upscale(image, model, device="cpu", **options)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 2), (9, 7, 3), (9, 7, 4)])
def test_returns_an_array_for_an_array(model: str, shape: tuple[int, ...], kind: Any) -> None:
    out = enlarge(noise(*shape, kind=kind), model)
    assert out.shape == (18, 14, *shape[2:])
    assert out.dtype == kind


def test_the_last_of_two_or_four_channels_is_alpha(model: str) -> None:
    pixels = noise(9, 7, 4)
    pixels[..., 3] = 200
    out = enlarge(pixels, model)
    assert (out[..., 3] == 200).all()
    assert np.array_equal(out[..., :3], enlarge(pixels[..., :3], model))


def test_returns_an_image_for_an_image(model: str) -> None:
    image = Image(noise(9, 7, 3), noise(9, 7), Metadata(icc=b"profile"), "tif")
    out = enlarge(image, model, scale=1.5)
    assert (out.color.shape, out.alpha.shape) == ((14, 11, 3), (14, 11))
    assert (out.metadata, out.format) == (image.metadata, "tif")


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
def test_returns_a_pil_image_for_a_pil_image(model: str, mode: str) -> None:
    shape = {"L": (9, 7), "LA": (9, 7, 2), "RGB": (9, 7, 3), "RGBA": (9, 7, 4), "I;16": (9, 7)}
    pixels = noise(*shape[mode], kind=np.uint16 if mode == "I;16" else np.uint8)
    image = Pillow.fromarray(pixels)
    image.info = {"icc_profile": b"profile", "dpi": (72, 72), "compression": "group4"}
    assert image.mode == mode
    out = enlarge(image, model)
    assert (out.mode, out.size) == (mode, (14, 18))
    assert out.info == {"icc_profile": b"profile", "dpi": (72, 72)}
    assert np.array_equal(np.asarray(out), enlarge(pixels, model))


def test_expands_palettes_and_single_bits(model: str) -> None:
    rgb = Pillow.fromarray(noise(9, 7, 3))
    palette = rgb.convert("P")
    assert np.array_equal(enlarge(palette, model), enlarge(palette.convert("RGB"), model))
    palette.info["transparency"] = 0
    assert enlarge(palette, model).mode == "RGBA"
    assert enlarge(rgb.convert("1"), model).mode == "L"


def test_returns_an_upright_pil_image_for_a_path(model: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    picture = Pillow.fromarray(noise(20, 30, 3))
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    picture.save(path, exif=exif, icc_profile=b"profile", dpi=(300, 300))
    for given in (path, str(path)):
        out = enlarge(given, model)
        assert (out.mode, out.size) == ("RGB", (40, 60))
        assert out.getexif()[0x0112] == 1
        assert out.getexif()[0x010F] == "a camera"
        assert out.info["icc_profile"] == b"profile"
        assert out.info["dpi"] == (300, 300)


def test_refuses_16_bit_color_files_that_pil_cannot_hold(model: str, tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), noise(9, 7, 3, kind=np.uint16))
    with pytest.raises(UnsupportedImage, match=r"deep\.png: PIL has no 16-bit color images"):
        enlarge(path, model)
    cv2.imwrite(str(path), noise(9, 7, kind=np.uint16))
    assert enlarge(path, model).mode == "I;16"


def test_names_a_file_that_cannot_be_read(model: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match=r"gone\.png"):
        enlarge(tmp_path / "gone.png", model)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ImageError, match=r"text\.png"):
        enlarge(tmp_path / "text.png", model)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.complex64),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        Pillow.new("CMYK", (4, 4)),
        Pillow.new("F", (4, 4)),
        17,
    ],
    ids=["complex numbers", "five channels", "one row", "nothing", "CMYK", "F", "a number"],
)
def test_refuses_what_is_not_a_picture(model: str, image: Any) -> None:
    with pytest.raises(UnsupportedImage):
        enlarge(image, model)


def test_refuses_options_out_of_range() -> None:
    with pytest.raises(UsageError, match=r"^scale=99: must be above 0"):
        sr_batch.upscale(noise(4, 4), scale=99)
    with pytest.raises(UnknownModel, match="there is no model nope"):
        sr_batch.upscale(noise(4, 4), "nope")


def test_uses_the_default_network() -> None:
    assert sr_batch.upscale(noise(12, 10, 3)).shape == (24, 20, 3)


def test_importing_the_package_loads_no_library() -> None:
    script = (
        "import sys, sr_batch; print(sr_batch.__version__);"
        " print(*({'numpy', 'PIL', 'cv2', 'onnxruntime'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [sr_batch.__version__, ""]


def test_has_no_other_attribute() -> None:
    with pytest.raises(AttributeError, match="downscale"):
        sr_batch.downscale  # noqa: B018


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_pixels": 9}, r"more than the limit of 9; to allow it: max_pixels=\d+"),
        ({"device": "nope"}, "^device nope: must be one of"),
        ({"width": 9, "scale": 2.0}, "^scale and width cannot be combined"),
        ({"tile": 3}, "^tile=3: must be auto"),
        ({"format": "ico"}, "^format ico: must be one of"),
        (
            {"precision": "int8", "model": "resnet"},
            "^resnet has no int8 file, .*; leave out precision$",
        ),
    ],
)
def test_errors_name_arguments_and_no_flags(
    options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    Pillow.new("RGB", (16, 8)).save(path)
    with pytest.raises(SrBatchError, match=said) as caught:
        sr_batch.upscale(path, **{"model": "espcn", **options})
    assert "--" not in str(caught.value)
