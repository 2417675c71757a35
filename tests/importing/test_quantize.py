"""When an int8 file of an added model is kept, and what happens to it then."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from sr_batch.core.errors import ImportRefused, UnknownModel, UsageError
from sr_batch.core.model_spec import ModelSpec
from sr_batch.importing import quantize as module
from sr_batch.importing import store
from sr_batch.importing.onnx_file import set_contract
from sr_batch.importing.quantize import Crops, Figures, crop_side, quantize, require_worth
from sr_batch.importing.quantize_steps import _given
from sr_batch.inference import user_models
from sr_batch.inference.model_catalog import choose
from sr_batch.inference.onnx_session import read_spec
from sr_batch.inference.user_models import UserModel
from tests.importing.test_int8 import chain
from tests.networks import make_spec

GOOD = Figures(pictures=8, fp32=31.0, int8=30.95, alike=45.0, speed=1.6)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of added models, of this test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return user_models.folder()


def quiet(_: str) -> None: ...


def added(folder: Path, count: int = 4, licence: str = "none") -> UserModel:
    """A network of scale 1, kept without measuring it."""
    model = chain(count)
    set_contract(model, replace(make_spec(1, name="soft"), licence=licence))
    onnx.save(model, folder / "made.onnx")
    record = {"source": "/x", "source_sha256": "1", "measured": {}}
    return store.save(folder / "made.onnx", "soft", 1, record)


def kept(folder: Path, model: UserModel) -> UserModel:
    small = onnx.load(model.path)
    set_contract(small, replace(read_spec(model.path), precision="int8"))
    onnx.save(small, folder / "small.onnx")
    return store.save_int8(folder / "small.onnx", model, {"fp32": 31.0})


def test_an_int8_file_that_pays_is_kept() -> None:
    require_worth(GOOD)
    require_worth(replace(GOOD, int8=GOOD.fp32 - 0.1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"int8": 30.89}, r"loses 0.11 dB, and 0.1 dB is allowed \(fp32 31.00 dB, int8 30.89 dB"),
        ({"alike": 39.0}, "differs too much from fp32"),
        ({"speed": 1.04}, "no quicker on this processor.*1.04 times as fast"),
    ],
)
def test_one_that_does_not_is_refused_with_its_figures(change: Any, words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        require_worth(replace(GOOD, **change))


def test_it_is_the_int8_file_of_its_model(tmp_path: Path) -> None:
    model = added(tmp_path)
    small = kept(tmp_path, model)
    assert choose("soft", "fp32")[1].path == model.path
    assert choose("soft", "int8")[1].path == small.path
    assert choose("soft", "auto", "int8")[1].path == small.path
    assert choose("soft", "auto", "fp32")[1].path == model.path
    small.path.write_bytes(small.path.read_bytes() + b"\0")
    with pytest.raises(UnknownModel, match="not as it was added"):
        choose("soft")


def test_it_is_removed_with_its_model(tmp_path: Path) -> None:
    model = added(tmp_path)
    small = kept(tmp_path, model)
    assert store.remove("soft") == [model.path, small.path]
    assert [each.name for each in user_models.folder().iterdir()] == [".lock"]


def test_it_is_dropped_when_the_model_changes_and_else_stays(tmp_path: Path) -> None:
    small = kept(tmp_path, added(tmp_path))
    added(tmp_path)
    assert small.path.is_file()
    added(tmp_path, licence="CC0")
    assert not small.path.exists()
    assert [each.precision for each in user_models.user_models()] == ["fp32"]


def test_it_is_not_kept_of_a_model_that_changed_meanwhile(tmp_path: Path) -> None:
    model = added(tmp_path)
    added(tmp_path, licence="CC0")
    with pytest.raises(UsageError, match="changed meanwhile"):
        kept(tmp_path, model)


def crops() -> Crops:
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (4, 12, 12, 3), np.uint8)
    pictures = list(coarse.repeat(8, axis=1).repeat(8, axis=2))
    return Crops(pictures[:2], pictures[2:], Path("/pictures"))


def test_makes_measures_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_SPEED", 0.0)
    lines: list[str] = []
    model = added(tmp_path)
    small = quantize(model, crops(), lines.append)
    assert lines[0] == "soft x1: making int8 from 2 pictures"
    figures = Figures.of(small.record["quantized"])
    assert figures.pictures == 2
    assert figures.alike > 40
    assert (read_spec(small.path).precision, small.record["of"]) == ("int8", model.record["sha256"])
    kinds = {node.op_type for node in onnx.load(small.path).graph.node}
    assert "QuantizeLinear" in kinds
    assert not list((user_models.folder() / ".work").iterdir())


def test_a_refusal_names_the_model(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"^soft x1: no int8 file is kept: it has no convolu"):
        quantize(added(tmp_path, count=2), crops(), quiet)


@pytest.mark.parametrize(
    ("spec", "side"),
    [
        (make_spec(2), 192),
        (make_spec(4, multiple=7), 4 * 98),
        (replace(make_spec(3), window=224), 672),
        (replace(make_spec(1), least_side=128), 128),
    ],
)
def test_crops_fit_the_network(spec: ModelSpec, side: int) -> None:
    assert crop_side(spec) == side


def test_a_network_of_scale_1_restores_a_jpeg() -> None:
    crop = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    assert _given(crop, 2).shape == (16, 16, 3)
    given = _given(crop, 1)
    assert given.shape == crop.shape
    assert not np.array_equal(given, crop)
