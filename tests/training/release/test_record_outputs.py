from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.recorded_outputs import largest_difference, load_record, save_record
from tests.training.small import spec_of
from training.models import build
from training.recipes.recipe import Recipe, Stage
from training.release.certify import NotCertified
from training.release.onnx_export import to_onnx, write
from training.release.record_outputs import fits_its_record, record, record_of

SMALL = {"channels": 16, "blocks": 1, "convs": 2}
STAGES = (Stage(1, 1, 8, {"l1": 1}),)


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An exported network of recipe ``b``; recipe ``a`` has other weights."""
    recipes = {name: Recipe("fast", 2, 1, 1e-3, STAGES, SMALL) for name in "abc"}
    monkeypatch.setattr("training.release.record_outputs.RECIPES", recipes)
    for seed, name in enumerate("ab"):
        torch.manual_seed(seed)
        net = build("fast", 2, SMALL)
        torch.nn.init.normal_(net.get_parameter("tail.weight"), 0, 0.05)
        (tmp_path / "runs" / name).mkdir(parents=True)
        torch.save(net.state_dict(), tmp_path / "runs" / name / "best.pt")
    path = tmp_path / "fast_x2.onnx"
    write(to_onnx(net, 3), spec_of("fast", 2, "rgb"), path)
    return path


def test_finds_the_weights_that_a_file_was_made_from(exported: Path) -> None:
    name, made = record_of(exported, exported.parent / "runs", exported.parent)
    assert name == "b"
    assert largest_difference(OnnxSession.open(exported), made) <= 1e-4
    assert not fits_its_record(exported)
    save_record(exported.with_suffix(".npz"), made)
    assert fits_its_record(exported)


def test_refuses_to_record_a_file_that_matches_no_weights(exported: Path) -> None:
    model = onnx.load(exported)
    weight = model.graph.initializer[0]
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * 1.01, weight.name))
    onnx.save(model, exported)
    with pytest.raises(NotCertified, match=r"fast_x2.onnx.*export it again"):
        record_of(exported, exported.parent / "runs", exported.parent)


@pytest.mark.parametrize(("color", "channels"), [("rgb", 3), ("y", 1)])
def test_records_small_inputs_in_rgb_and_luma(color: str, channels: int, tmp_path: Path) -> None:
    net = torch.nn.Upsample(scale_factor=2)
    save_record(tmp_path / "r.npz", record(net, "y" if color == "y" else "rgb"))
    for given, expected in load_record(tmp_path / "r.npz"):
        assert given.shape[:2] == (1, channels)
        assert np.array_equal(given.repeat(2, 2).repeat(2, 3), expected)
        assert given.min() >= 0
        assert given.max() <= 1


def test_int8_records_only_a_photograph() -> None:
    net = torch.nn.Upsample(scale_factor=2)
    assert len(record(net, "rgb", "fp32")) > len(record(net, "rgb", "int8")) == 1
