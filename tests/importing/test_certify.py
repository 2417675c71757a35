"""Corrects contracts by what the real engine makes of a model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from sr_batch.core.model_spec import ModelSpec
from sr_batch.importing import certify as certify_
from sr_batch.inference.onnx_session import OnnxSession, read_spec
from tests.networks import conv_network, make_spec, save


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """x1: each pixel depends on those 80 pixels away, and more than a tile with 64 can tell."""
    pool, pads = "AveragePool", [80, 0, 80, 0]
    nodes = [
        helper.make_node(pool, ["input"], ["a"], kernel_shape=[161, 1], pads=pads),
        helper.make_node(pool, ["a"], ["b"], kernel_shape=[1, 161], pads=pads[1:] + pads[:1]),
        helper.make_node("Add", ["input", "b"], ["twice"]),
        helper.make_node("Mul", ["twice", "half"], ["output"]),
    ]
    path = tmp_path_factory.mktemp("far") / "far.onnx"
    spec = make_spec(scale=1, overlap=32, receptive_field=161)
    return save(path, nodes, {"half": np.array([0.5], np.float32)}, spec)


@pytest.fixture(autouse=True)
def no_large_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "far" in request.fixturenames:
        monkeypatch.setattr(certify_, "_LARGE_SIDES", ())


def certified(path: Path, thorough: bool) -> tuple[dict[str, Any], ModelSpec]:
    session, written = OnnxSession.open(path), list[ModelSpec]()
    found = certify_.certify(
        path, lambda planes: session(planes[None])[0], written.append, thorough
    )
    return found, written[0]


def test_a_network_that_needs_more_than_all_overlaps_sees_the_whole_picture(far: Path) -> None:
    found, spec = certified(far, thorough=True)
    assert found["levels"] > 1
    assert (found["whole"], spec.whole, spec.seam) == (True, True, found["levels"])
    assert spec.pace > 0


def test_a_slow_network_is_not_said_to_see_the_whole_because_it_sees_far(far: Path) -> None:
    found, spec = certified(far, thorough=False)
    assert found["levels"] > 1
    assert (found["whole"], spec.whole, spec.seam) == (False, False, found["levels"])
    assert spec.receptive_field >= 161
    assert spec.most_side >= 176  # the side at which an overlap of 64 was tried


@pytest.mark.parametrize(
    ("pace", "bytes_", "levels", "side"),
    [
        (1e-7, 1280, 1, 384),
        (1e-7, 32 << 10, 1, 128),  # more would take too much memory
        (6e-5, 1280, 1, 224),  # more would take too long
        (1.0, 1280, 1, 96),
        (1e-7, 1280, 2, 96),  # it differs there
    ],
)
def test_the_largest_side_that_takes_little_is_tried(
    monkeypatch: pytest.MonkeyPatch, pace: float, bytes_: int, levels: int, side: int
) -> None:
    monkeypatch.setattr(certify_, "_inside", lambda *_: levels)
    monkeypatch.setattr(certify_, "cores", lambda: 2)
    spec = replace(make_spec(overlap=14), pixel_bytes=bytes_)
    assert certify_._most_side(Path(), spec, pace, thorough=True) == side


def test_a_part_of_a_large_picture_equals_that_part_alone(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "a.onnx", 2)
    spec = read_spec(path)
    assert certify_._inside(path, spec, 160) == 0
    assert certify_._inside(path, replace(spec, overlap=0), 160) > 1
