from dataclasses import replace
from pathlib import Path

import pytest
from onnx import helper

from sr_batch.core.errors import UnknownModel
from sr_batch.core.model_spec import Precision
from sr_batch.inference import model_catalog
from sr_batch.inference.model_catalog import ModelFile, choose, find_models, fp32_twin
from sr_batch.inference.onnx_session import read_spec
from tests.networks import conv_network, make_spec, save

EXPORTED = find_models()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of networks in place of the exported ones."""
    monkeypatch.setattr(model_catalog, "_FOLDERS", (tmp_path / "nowhere", tmp_path))
    return tmp_path


def test_finds_the_exported_networks() -> None:
    assert {("edsr", 2), ("espcn", 3)} <= {(model.name, model.scale) for model in EXPORTED}


@pytest.mark.parametrize("model", EXPORTED, ids=lambda model: model.path.stem)
def test_a_file_name_agrees_with_its_contract(model: ModelFile) -> None:
    spec = read_spec(model.path)
    assert (spec.name, spec.scale, spec.precision) == (model.name, model.scale, model.precision)


def test_reads_file_names(folder: Path) -> None:
    for name in ("a_x2", "a_x2_int8", "b_c_x10", "a_x4_fp16", "draft", "a_x0", "a_x2.draft", "_x2"):
        (folder / f"{name}.onnx").touch()
    (folder / "a_x2.md").touch()
    assert [(m.name, m.scale, m.precision) for m in find_models()] == [
        ("a", 2, "fp32"),
        ("a", 2, "int8"),
        ("a", 4, "fp16"),
        ("b_c", 10, "fp32"),
    ]


def test_chooses_the_fp32_networks_of_a_family(folder: Path) -> None:
    for name in ("a_x2", "a_x2_int8", "a_x4", "b_x3"):
        (folder / f"{name}.onnx").touch()
    assert {scale: model.path.name for scale, model in choose("a").items()} == {
        2: "a_x2.onnx",
        4: "a_x4.onnx",
    }


def test_accepts_the_path_of_a_file(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "anything.onnx", scale=3)
    assert choose(str(path)) == {3: ModelFile("small", 3, "fp32", path)}


def test_refuses_a_missing_path(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="no such file"):
        choose(str(tmp_path / "gone.onnx"))


def test_suggests_the_nearest_name_and_lists_all(folder: Path) -> None:
    for name in ("edsr_x2", "edsr_x4", "espcn_x3"):
        (folder / f"{name}.onnx").touch()
    with pytest.raises(UnknownModel) as caught:
        choose("ESDR")
    assert str(caught.value) == (
        "there is no model ESDR; did you mean edsr? Available: edsr (x2, x4), espcn (x3)"
    )
    with pytest.raises(UnknownModel, match=r"there is no model zzz; available: edsr"):
        choose("zzz")
    (folder / "photo_x2.onnx").touch()
    with pytest.raises(UnknownModel, match="there is no model foo; available: "):
        choose("foo")


def test_says_that_no_models_are_installed(folder: Path) -> None:
    assert find_models() == ()
    with pytest.raises(UnknownModel, match="no models are installed"):
        choose("edsr")


def test_chooses_the_files_of_a_precision(folder: Path) -> None:
    for name in ("a_x2", "a_x2_int8", "a_x4", "a_x4_fp16"):
        (folder / f"{name}.onnx").touch()
    assert [model.path.name for model in choose("a", "fp16").values()] == ["a_x4_fp16.onnx"]
    (folder / "b_x2.onnx").touch()
    with pytest.raises(UnknownModel, match="b has no int8 file, only fp32; leave out --precision"):
        choose("b", "int8")


def test_finds_the_fp32_file_of_a_reduced_network(folder: Path) -> None:
    for name in ("a_x2", "a_x2_int8", "a_x4_fp16"):
        (folder / f"{name}.onnx").touch()
    twins = {model.path.name: fp32_twin(model) for model in find_models()}
    assert twins == {
        "a_x2.onnx": None,
        "a_x2_int8.onnx": ModelFile("a", 2, "fp32", folder / "a_x2.onnx"),
        "a_x4_fp16.onnx": None,
    }


def scored(folder: Path, precision: Precision, psnr: dict[str, float], scale: int = 2) -> Path:
    """A file of the family ``a`` whose contract states ``psnr``."""
    suffix = "" if precision == "fp32" else f"_{precision}"
    spec = make_spec(scale, precision=precision, name="a")
    spec = replace(spec, scores={name: (value, 0.9) for name, value in psnr.items()})
    node = helper.make_node("Identity", ["input"], ["output"])
    return save(folder / f"a_x{scale}{suffix}.onnx", [node], {}, spec)


@pytest.mark.parametrize(
    ("reduced", "chosen"),
    [
        ({"Set5": 37.9}, "int8"),
        ({"Set5": 38.2}, "int8"),
        ({"Set5": 37.9 - 1e-3}, "fp32"),
        ({"Set5": 37.95, "Set14": 33.0}, "fp32"),
        ({"Set5": 37.95, "Other": 1.0}, "int8"),
        ({"Other": 40.0}, "fp32"),
        ({}, "fp32"),
    ],
)
def test_auto_takes_a_file_that_loses_little(
    folder: Path, reduced: dict[str, float], chosen: str
) -> None:
    """On every set that both contracts state."""
    scored(folder, "fp32", {"Set5": 38.0, "Set14": 33.5})
    scored(folder, "int8", reduced)
    assert choose("a", "auto", "int8")[2].precision == chosen
    assert choose("a", "auto", "fp32")[2].precision == "fp32"


def test_auto_takes_each_scale_by_itself(folder: Path) -> None:
    """Where there is neither the fastest precision nor fp32, it takes what exists."""
    scored(folder, "fp32", {"Set5": 38.0})
    scored(folder, "int8", {"Set5": 38.0})
    scored(folder, "fp32", {"Set5": 34.0}, 3)
    scored(folder, "fp16", {"Set5": 32.0}, 4)
    chosen = choose("a", "auto", "int8")
    assert {scale: model.precision for scale, model in chosen.items()} == {
        2: "int8",
        3: "fp32",
        4: "fp16",
    }


def test_auto_leaves_a_file_that_is_named_as_it_is(folder: Path) -> None:
    scored(folder, "fp32", {"Set5": 38.0})
    path = scored(folder, "int8", {"Set5": 20.0})
    assert choose(str(path), "auto", "fp16")[2].precision == "int8"


def test_auto_does_not_choose_a_file_without_a_contract(folder: Path) -> None:
    scored(folder, "fp32", {"Set5": 38.0})
    (folder / "a_x2_int8.onnx").write_bytes(b"no network")
    assert choose("a", "auto", "int8")[2].precision == "fp32"


@pytest.mark.parametrize("model", [model for model in EXPORTED if model.precision != "fp32"])
def test_auto_takes_every_reduced_network_that_is_exported(model: ModelFile) -> None:
    precision: Precision = "fp16" if model.precision == "fp16" else "int8"
    assert choose(model.name, "auto", precision)[model.scale] == model
