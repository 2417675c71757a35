"""What the engine does for contracts that only imported models have."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sr_batch.core.errors import UnknownModel
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.importing import onnx_file
from sr_batch.inference.onnx_session import read_spec
from sr_batch.upscaling import tile_pass
from sr_batch.upscaling.upscaler import Upscaled, Upscaler
from tests.networks import conv_network

PICTURE = Image(np.random.default_rng(0).integers(0, 256, (80, 90, 3), np.uint8))


def network(path: Path, scale: int = 2, **contract: Any) -> Path:
    """A network with a contract that differs from the usual one."""
    conv_network(path, scale)
    model = onnx_file.read_model(path)
    onnx_file.set_contract(model, replace(read_spec(path), **contract))
    onnx_file.write_model(model, path)
    return path


def enlarge(path: Path, picture: Image = PICTURE, **options: Any) -> Upscaled:
    chosen = UpscaleOptions(model=str(path), device="cpu", jobs=2, **options)
    with Upscaler(chosen, lambda _: None) as upscaler:
        return upscaler(picture, "a", lambda _: None, threading.Event())


def test_a_picture_that_fits_is_one_tile_for_a_network_that_sees_the_whole(tmp_path: Path) -> None:
    path = network(tmp_path / "a.onnx", whole=True, seam=7.0)
    assert enlarge(path).notes == ()


def test_tiles_are_said_for_a_network_that_sees_the_whole(tmp_path: Path) -> None:
    path = network(tmp_path / "a.onnx", whole=True, seam=7.0, pixel_bytes=1 << 20)
    (note,) = enlarge(path).notes
    assert "sees the whole picture" in note
    assert "up to 7 levels of 255" in note
    (note,) = enlarge(path, tile=40).notes
    assert note.startswith("computed in 6 tiles")
    deep = network(tmp_path / "b.onnx", seam=3.0)
    (note,) = enlarge(deep, tile=40).notes
    assert "sees beyond their overlap: tiles changed a test picture by up to 3 levels" in note


def test_tiles_are_no_longer_than_what_was_tried(tmp_path: Path) -> None:
    path = network(tmp_path / "a.onnx", most_side=32)
    sides: set[int] = set()

    def seen(session: Any, planes: np.ndarray) -> np.ndarray:
        sides.update(planes.shape[1:])
        return real(session, planes)

    real = tile_pass.infer
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tile_pass, "infer", seen)
        capped = [enlarge(path, tile=tile) for tile in (None, 0, 64)]
        assert max(sides) <= 32
        enlarge(network(tmp_path / "b.onnx", most_side=32, whole=True))
        assert max(sides) == 90
    expected = enlarge(network(tmp_path / "c.onnx")).image.color
    assert all(np.array_equal(each.image.color, expected) for each in capped)


def test_small_pictures_are_padded_to_the_least_side(tmp_path: Path) -> None:
    small = Image(PICTURE.color[:9, :30])
    path = network(tmp_path / "a.onnx", least_side=24)
    out = enlarge(path, small).image.color
    padded = np.pad(small.color, ((0, 15), (0, 0), (0, 0)), mode="edge")
    assert np.array_equal(out, enlarge(path, Image(padded)).image.color[:18])


def test_a_network_of_scale_one_runs_at_scale_one(tmp_path: Path) -> None:
    path = network(tmp_path / "a.onnx", scale=1)
    out = enlarge(path, scale=1)
    assert out.notes == ()
    assert out.image.color.shape == PICTURE.color.shape
    assert not np.array_equal(out.image.color, PICTURE.color)
    with pytest.raises(UnknownModel, match="use --scale 1"):
        enlarge(path)


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        (40, {}),
        (40, {"tile": 32}),
        (40, {"overlap": 60}),
        (48, {"self_ensemble": True}),  # if it is oblong, it is turned by halves only
    ],
)
def test_a_network_of_one_size_gets_this_size_only(tmp_path: Path, rows: int, options: Any) -> None:
    path = network(tmp_path / "a.onnx", window=48, window_rows=rows)
    expected = enlarge(network(tmp_path / "b.onnx"), **options).image.color
    model = onnx_file.read_model(path)
    dimensions = model.graph.input[0].type.tensor_type.shape.dim
    for dimension, side in zip(dimensions, (1, 3, rows, 48), strict=True):
        dimension.dim_value = side
    onnx_file.write_model(model, path)
    difference = enlarge(path, **options).image.color.astype(int) - expected
    assert np.abs(difference[:-4, :-4]).max() <= 1
