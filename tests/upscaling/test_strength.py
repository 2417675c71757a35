"""``--strength`` certified at five points, on a pair of networks of the shipped structure."""

import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.imaging.metrics import psnr
from sr_batch.inference import model_catalog
from sr_batch.inference.strength import partners
from sr_batch.upscaling.upscaler import Upscaler
from tests.imaging.test_picture_traits import PHOTOS, clean

POINTS = (0, 0.25, 0.5, 0.75, 1)
EXPORTED = Path(__file__).parents[2] / "exported"
INSTALLED = partners()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``balanced`` and ``photo`` at x4; until ``photo`` exists, a copy with other weights."""
    folder = tmp_path_factory.mktemp("networks")
    for suffix in ("", "_fp16"):
        (folder / f"balanced_x4{suffix}.onnx").symlink_to(EXPORTED / f"balanced_x4{suffix}.onnx")
        path = folder / f"photo_x4{suffix}.onnx"
        if "photo" in INSTALLED:
            path.symlink_to(EXPORTED / path.name)
        else:
            _trained_further(EXPORTED / f"balanced_x4{suffix}.onnx", path)
    return folder


def _trained_further(source: Path, path: Path) -> None:
    """A copy whose weights differ by a few percent, as after more training."""
    model, random = onnx.load(source), np.random.default_rng(0)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if np.issubdtype(values.dtype, np.floating) and tensor.name != "enlarge.weight":
            changed = values * (1 + random.normal(0, 0.03, values.shape))
            tensor.CopyFrom(numpy_helper.from_array(changed.astype(values.dtype), tensor.name))
    for each in model.metadata_props:
        if each.key == "sr.name":
            each.value = "photo"
    model.metadata_props.add(key="sr.partner", value="balanced")
    onnx.save(model, path)


@pytest.fixture(autouse=True)
def networks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_catalog, "_FOLDERS", (folder,))


def ignore(_: Any) -> None:
    pass


def photo() -> Image:
    return Image(np.ascontiguousarray(clean(PHOTOS[0])[80:144, 90:170]))


def upscaler(**options: Any) -> Upscaler:
    chosen: dict[str, Any] = {"scale": 4, "device": "cpu", "precision": "fp32", "model": "photo"}
    return Upscaler(UpscaleOptions(**chosen | options), ignore)


def enlarged(**options: Any) -> np.ndarray:
    with upscaler(**options) as enlarge:
        return enlarge(photo(), "a", ignore, threading.Event()).image.color.astype(np.float64)


def near(one: np.ndarray, other: np.ndarray) -> float:
    return psnr(one.reshape(len(one), -1), other.reshape(len(one), -1))


def test_the_output_moves_evenly_from_one_network_to_the_other() -> None:
    outputs = [enlarged(strength=point) for point in POINTS]
    steps = [float(np.abs(one - other).mean()) for one, other in pairwise(outputs)]
    assert min(steps) > 0.05
    assert max(steps) < 2 * min(steps)
    to_first = [near(output, outputs[0]) for output in outputs[1:]]
    to_last = [near(output, outputs[-1]) for output in outputs[:-1]]
    assert to_first == sorted(to_first, reverse=True)
    assert to_last == sorted(to_last)


@pytest.mark.parametrize("strength", POINTS)
def test_tiles_equal_the_whole(strength: float) -> None:
    whole, tiled, full = (
        enlarged(strength=strength, **given)
        for given in ({"tile": 0}, {"tile": 32}, {"tile": 32, "overlap": "full"})
    )
    assert np.abs(tiled - whole).max() <= 1
    assert np.mean(tiled != whole) <= 1e-4
    assert np.array_equal(full, whole) or np.mean(full != whole) <= 1e-5


@pytest.mark.parametrize(("strength", "model"), [(0, "balanced"), (1, "photo")])
def test_the_ends_are_the_networks_themselves(strength: float, model: str) -> None:
    with upscaler(strength=strength) as one, upscaler(model=model) as other:
        assert one.model == other.model == model
        assert one.recipe == other.recipe
    assert np.array_equal(enlarged(strength=strength), enlarged(model=model))


def test_the_recipe_and_the_name_hold_the_strength() -> None:
    found = []
    for strength in (0.25, 0.5):
        with upscaler(strength=strength) as enlarge:
            found.append(enlarge.recipe)
            assert enlarge.model == f"photo-{strength}"
    assert "strength 0.25" in found[0]
    assert found[0] != found[1]


def test_half_precision_is_blended_too() -> None:
    half, full = (enlarged(strength=0.5, precision=each) for each in ("fp16", "fp32"))
    assert near(half, full) > 45


def test_int8_says_that_it_runs_in_fp32() -> None:
    said: list[str] = []
    options = UpscaleOptions(
        model="photo", strength=0.5, precision="int8", scale=4, device="cpu", jobs=1
    )
    with Upscaler(options, said.append) as enlarge:
        assert enlarge.precision(photo().size) == "fp32"
    assert said == ["--strength 0.5 runs in fp32: int8 files cannot be blended"]
