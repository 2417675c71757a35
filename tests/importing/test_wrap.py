"""Networks of many types, from the file to the model in the real engine, in this process."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx.helper import make_attribute

from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.importing import onnx_file, steps
from sr_batch.importing.drawn_picture import draw
from sr_batch.importing.store import MODEL
from sr_batch.inference.onnx_session import read_spec
from sr_batch.upscaling.upscaler import Upscaler
from tests.importing.foreign import bytes_enlarger, enlarger, enlarging, model_of


def imported(source: Path, folder: Path, **request: Any) -> tuple[Path, dict[str, Any]]:
    """The model of ``source``, and what was measured; in ``folder``."""
    onnx_file.convert(source, folder / steps.NET)
    measured = steps.measure(folder, {"range": None, "bgr": False} | request)
    named = {"measured": measured, "name": "mine", "licence": "CC0"}
    return folder / MODEL, measured | steps.certify_model(folder, named)


def enlarged(
    model: Path,
    picture: np.ndarray,
    scale: float,
    tile: int | None = None,
    lock: bool | None = False,
) -> np.ndarray:
    options = UpscaleOptions(
        model=str(model), scale=scale, device="cpu", tile=tile, jobs=1, color_lock=lock
    )
    with Upscaler(options, lambda _: None) as upscaler:
        return upscaler(Image(picture), "a", lambda _: None, threading.Event()).image.color


def picture(height: int, width: int) -> np.ndarray:
    return np.rint(draw(height, width, 3).transpose(1, 2, 0) * 255).astype(np.uint8)


def blurred(pixels: np.ndarray, scale: int) -> np.ndarray:
    """What the test networks do: 0.9 of each pixel, and 0.1 of the mean of 3x3, repeated."""
    padded = np.pad(pixels.astype(float), ((1, 1), (1, 1), (0, 0)))
    rows, columns = pixels.shape[:2]
    near = sum(padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3))
    return (0.9 * pixels + near / 90).repeat(scale, axis=0).repeat(scale, axis=1)


@pytest.mark.parametrize(
    "how",
    [
        {"scale": 2},
        {"scale": 4, "gain": 255.0},
        {"scale": 3, "gain": 2.0, "offset": -1.0},
        {"scale": 2, "dtype": np.float16},
        {"scale": 1},
    ],
    ids=str,
)
def test_the_model_does_what_the_network_does(tmp_path: Path, how: dict[str, Any]) -> None:
    model, found = imported(enlarger(tmp_path / "a.onnx", **how), tmp_path)
    scale = how["scale"]
    assert (read_spec(model).scale, read_spec(model).name) == (scale, "mine")
    assert (found["levels"], found["whole"]) == (0, False)
    assert found["parity"] <= 1
    pixels = picture(70, 50)
    out = enlarged(model, pixels, scale, tile=32)
    inner = slice(2 * scale, -2 * scale)
    assert np.abs(out - blurred(pixels, scale))[inner, inner].max() <= 1.5


def test_bytes_with_the_channels_last(tmp_path: Path) -> None:
    model, found = imported(bytes_enlarger(tmp_path / "a.onnx"), tmp_path)
    assert (found["format"]["dtype"], found["format"]["layout"]) == ("uint8", "nhwc")
    pixels = picture(40, 60)
    out = enlarged(model, pixels, 2)
    assert np.abs(out - blurred(pixels, 2))[4:-4, 4:-4].max() <= 2


@pytest.mark.parametrize("radius", [3, 7])
def test_a_network_without_padding_gets_it(tmp_path: Path, radius: int) -> None:
    source = enlarger(tmp_path / "a.onnx", radius=radius, padded=False)
    model, found = imported(source, tmp_path)
    assert found["lacking"] == 4 * radius
    pixels = picture(33, 41)
    out = enlarged(model, pixels, 2)
    assert out.shape == (66, 82, 3)
    assert np.abs(out.astype(float) - pixels.repeat(2, 0).repeat(2, 1)).mean() < 6


def test_a_multiple_that_is_known_is_kept(tmp_path: Path) -> None:
    source = enlarger(tmp_path / "a.onnx")
    model, found = imported(source, tmp_path, multiple=8)
    assert (found["multiple"], read_spec(model).multiple) == (8, 8)
    pixels = picture(41, 30)
    assert np.abs(enlarged(model, pixels, 2) - blurred(pixels, 2))[4:-4, 4:-4].max() <= 1.5


def test_a_gray_network_enlarges_the_luma(tmp_path: Path) -> None:
    model, _ = imported(enlarger(tmp_path / "a.onnx", channels=1), tmp_path)
    assert read_spec(model).color == "y"
    gray = picture(40, 40)[..., :1]
    out = enlarged(model, gray, 2)
    assert np.abs(out - blurred(gray, 2))[4:-4, 4:-4].max() <= 1.5


@pytest.mark.parametrize(("rows", "columns"), [(64, 64), (48, 80)])
def test_a_network_of_one_size_runs_in_tiles(tmp_path: Path, rows: int, columns: int) -> None:
    source = enlarger(tmp_path / "a.onnx", shape=[1, 3, rows, columns])
    model, found = imported(source, tmp_path)
    assert read_spec(model).window_sides == (rows, columns)
    assert (found["window"], found["window_rows"]) == (columns, 0 if rows == columns else rows)
    for size in ((20, 30), (rows, columns), (150, 90)):
        pixels = picture(*size)
        out = enlarged(model, pixels, 2)
        assert np.abs(out - blurred(pixels, 2))[4:-4, 4:-4].max() <= 1.5


@pytest.mark.parametrize("opset", [9, 10, 11, 21])
def test_old_and_new_opsets(tmp_path: Path, opset: int) -> None:
    nodes, weights = enlarging(radius=2, padded=False)
    if opset < 11:  # its DepthToSpace has one order only, in which three channels are mixed
        nodes[3].ClearField("attribute")
        nodes[3].attribute.append(make_attribute("blocksize", 2))
        weights["w"] = weights["w"].reshape(3, 4, 3, 5, 5).swapaxes(0, 1).reshape(12, 3, 5, 5)
    onnx_file.write_model(model_of(nodes, weights, opset=opset), tmp_path / "a.onnx")
    _, found = imported(tmp_path / "a.onnx", tmp_path)
    assert found["lacking"] == 8


@pytest.mark.parametrize(("scale", "locked"), [(2, True), (1, False)])
def test_a_network_that_shifts_colors_is_locked_if_it_enlarges(
    tmp_path: Path, scale: int, locked: bool
) -> None:
    nodes, weights = enlarging(scale)
    weights["w"][: scale**2] *= 0.95  # darkens the first channel
    onnx_file.write_model(model_of(nodes, weights), tmp_path / "a.onnx")
    model, found = imported(tmp_path / "a.onnx", tmp_path)
    assert found["shift"][0] < -4
    assert np.abs(found["shift"][1:]).max() < 0.5
    assert (found["color_lock"], read_spec(model).color_lock) == (locked, locked)
    pixels = np.full((40, 40, 3), 200, np.uint8)
    middle = slice(16 * scale, 24 * scale)
    red = enlarged(model, pixels, scale, lock=None)[middle, middle, 0].mean()
    assert red == pytest.approx(200 if locked else 190, abs=2)


def test_blue_first_changes_the_order_on_both_sides(tmp_path: Path) -> None:
    nodes, weights = enlarging()
    weights["w"][:4] *= 0.8  # darkens the first channel
    onnx_file.write_model(model_of(nodes, weights), tmp_path / "a.onnx")
    model, _ = imported(tmp_path / "a.onnx", tmp_path, bgr=True)
    pixels = np.full((20, 20, 3), 200, np.uint8)
    assert enlarged(model, pixels, 2)[20, 20].tolist() == [200, 200, 160]
