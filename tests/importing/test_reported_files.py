"""What users of other programs reported about types, colors, black pictures and files."""

import io
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from sr_batch.core.errors import ImportRefused
from sr_batch.importing import onnx_file
from sr_batch.importing.graph_check import check_graph
from sr_batch.importing.kinds import Kind, kind_of
from sr_batch.importing.ncnn.to_onnx import convert as convert_ncnn
from sr_batch.importing.trial import first_trial
from tests.importing.foreign import HALF, enlarger, external, model_of
from tests.importing.in_process import opened
from tests.importing.ncnn.files import Line, write_network
from tests.importing.test_kinds import WEIGHTS
from tests.importing.test_probe import FREE, measured, repeat

Array = np.ndarray


def test_half_precision_is_read_from_the_file_and_not_from_its_name(tmp_path: Path) -> None:
    """vs-mlrt#79: the name of the file has to say fp16, or the network fails."""
    path = enlarger(tmp_path / "net_fp32.onnx", dtype=np.float16)
    model = onnx_file.read_model(path)
    port = check_graph(model)
    trial = first_trial(opened(model, tmp_path), port, "0..1")
    assert (port.dtype, trial.format.dtype, trial.scale) == ("float16", "float16", 2)


def test_nine_channels_are_named(tmp_path: Path) -> None:
    """vs-mlrt#147: the network takes a map of noise and others beside the picture."""
    with pytest.raises(ImportRefused, match="takes 9 channels, and must take 3"):
        check_graph(model_of([helper.make_node("Identity", ["x"], ["y"])], shape=[1, 9, "h", "w"]))


def test_nine_channels_that_are_declared_as_three_are_named(tmp_path: Path) -> None:
    weights = {"w": np.ones((3, 9, 1, 1), np.float32)}
    model = model_of([helper.make_node("Conv", ["x", "w"], ["y"])], weights)
    with pytest.raises(ImportRefused, match=r"cannot run: Conv: .*C: 3 kernel channels: 9"):
        first_trial(opened(model, tmp_path), check_graph(model))


def test_a_gray_network_gets_gray(tmp_path: Path) -> None:
    """upscayl#1092: a network of one channel got three, or a gray picture failed."""
    model = onnx_file.read_model(enlarger(tmp_path / "a.onnx", channels=1))
    trial = first_trial(opened(model, tmp_path), check_graph(model), "0..1")
    assert (trial.format.channels, trial.scale) == (1, 2)


# Black pictures


def test_an_overflow_of_half_precision_is_named(tmp_path: Path) -> None:
    """open-model-database#275, neosr#96: black, because fp16 ends at 65504."""
    nodes = [
        helper.make_node("Mul", ["x", "most"], ["large"]),
        helper.make_node("Add", ["large", "most"], ["y"]),
    ]
    model = model_of(nodes, {"most": np.array(65504, np.float16)}, kind=HALF)
    with pytest.raises(ImportRefused, match=r"NaN or infinite values.*fp32"):
        first_trial(opened(model, tmp_path), check_graph(model))


def test_an_overflow_on_bright_pictures_only_is_named() -> None:
    """chaiNNer#3071: black tiles here and there."""

    def call(x: Array) -> Array:
        return repeat(np.where(x.mean() > 0.9, np.nan, x).astype(np.float32))

    with pytest.raises(ImportRefused, match=r"NaN or infinite values for some.*fp32"):
        measured(call, given="0..1")


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_picture_of_one_color_is_named(value: float) -> None:
    """upscayl#960: all black, without an error."""
    with pytest.raises(ImportRefused, match=r"a picture of one color.*--range"):
        first_trial(lambda x: repeat(x) * 0 + np.float32(value), FREE)


# Files


def test_weights_beside_an_onnx_file_become_a_part_of_it(tmp_path: Path) -> None:
    """vs-mlrt#164: the .onnx was moved, and its weights were not."""
    (tmp_path / "a").mkdir()
    onnx_file.convert(external(tmp_path / "a" / "net.onnx", "net.onnx.data"), tmp_path / "b.onnx")
    (tmp_path / "a" / "net.onnx.data").unlink()
    first_trial(opened(onnx.load(tmp_path / "b.onnx"), tmp_path), FREE, "0..1")


@pytest.mark.parametrize(("reads", "writes"), [("data", "output"), ("in0", "out0"), ("A", "b/c")])
def test_blobs_of_ncnn_may_have_any_name(tmp_path: Path, reads: str, writes: str) -> None:
    """upscayl#721: a custom model must name its blobs as the program expects."""
    lines = [Line(f"Input i 0 1 {reads}"), Line(f"Interp r 1 1 {reads} {writes} 0=1 1=2.0 2=2.0")]
    convert_ncnn(write_network(tmp_path, lines), tmp_path / "net.onnx")
    model = onnx_file.read_model(tmp_path / "net.onnx")
    assert first_trial(opened(model, tmp_path), check_graph(model), "0..1").scale == 2


def test_a_pt_may_be_weights_or_a_program(tmp_path: Path) -> None:
    """stable-diffusion-webui#15650: a .pt of weights was opened as TorchScript."""
    path = tmp_path / "net.pt"
    path.write_bytes(zipped("data.pkl", "version"))
    assert kind_of(path) is Kind.TORCH
    path.write_bytes(zipped("data.pkl", "version", "code/__torch__.py", "constants.pkl"))
    with pytest.raises(ImportRefused, match=r"TorchScript, which is a program: take the \.pth"):
        kind_of(path)


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(f"net/{name}", WEIGHTS if name == "data.pkl" else b"3")
    return data.getvalue()
