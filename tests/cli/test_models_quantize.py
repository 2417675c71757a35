"""What ``sr-batch models quantize`` says of wrong arguments."""

from pathlib import Path

import pytest
import typer
from PIL import Image

from sr_batch.cli import models_add, models_quantize
from sr_batch.cli.models_add import measurements
from sr_batch.cli.models_quantize import quantize_models
from sr_batch.core.errors import UsageError
from sr_batch.importing import store
from sr_batch.importing.quantize import Crops
from sr_batch.inference import user_models
from sr_batch.inference.user_models import UserModel
from tests.networks import conv_network, make_spec

FIGURES = {"pictures": 2, "fp32": 31.0, "int8": 30.95, "alike": 45.0, "speed": 1.6}


@pytest.fixture(autouse=True)
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UserModel:
    """An added model, of scale 2."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = conv_network(tmp_path / "made.onnx", spec=make_spec(2, name="soft"))
    record = {"source": "/x", "source_sha256": "1", "measured": {}}
    return store.save(path, "soft", 2, record)


def pictures(folder: Path, count: int, side: int = 200) -> Path:
    folder.mkdir()
    for number in range(count):
        Image.new("L" if number else "RGB", (side, side), 9).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("edsr", "edsr is a model of sr-batch, which has an int8 file already: --precision int8"),
        ("resnet", "resnet is a model of sr-batch: models quantize is for models that you added"),
        ("sofd", r"no model sofd was added: did you mean soft\? Added: soft"),
    ],
)
def test_names_that_are_no_added_model(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        quantize_models(name, tmp_path)


def test_folders_without_enough_pictures(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        quantize_models("soft", tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="contains no pictures"):
        quantize_models("soft", tmp_path / "empty")
    with pytest.raises(UsageError, match=r"at least 4 pictures of 192x192 .* and it has 3"):
        quantize_models("soft", pictures(tmp_path / "few", 3))
    with pytest.raises(UsageError, match="it has 0"):
        quantize_models("soft", pictures(tmp_path / "small", 5, 100))


def test_says_what_is_kept_and_shows_it(
    tmp_path: Path,
    model: UserModel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def quantize(model: UserModel, crops: Crops, notify: object) -> UserModel:
        assert [each.shape for each in (*crops.calibration, *crops.held)] == [(192, 192, 3)] * 5
        figures = FIGURES | {"folder": "/pictures", "processor": "a CPU", "runtime": "1.0"}
        return store.save_int8(tmp_path / "made.onnx", model, figures)

    monkeypatch.setattr("sr_batch.importing.quantize.quantize", quantize)
    folder = pictures(tmp_path / "many", 5)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(typer.Exit) as ended:
        quantize_models("soft", folder)
    assert ended.value.exit_code == 0
    said = capsys.readouterr()
    assert "broken.png" in said.err
    assert said.err.rstrip().endswith("it is left out")
    assert said.out.startswith(
        "soft x2 has an int8 file now: fp32 31.00 dB, int8 30.95 dB, 45.0 dB between them, 1.60"
    )
    small = next(each for each in user_models.user_models() if each.precision == "int8")
    shown = measurements(small.path)
    assert shown["measured"].endswith("1.60 times as fast, on 2 pictures")
    assert shown["pictures"] == "/pictures"


def test_one_of_several_scales_that_is_not_kept_is_code_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(model: UserModel, crops: Crops, notify: object) -> UserModel:
        raise UsageError(f"soft x{model.scale}: no int8 file is kept")

    path = conv_network(tmp_path / "x3.onnx", 3, spec=make_spec(3, name="soft"))
    store.save(path, "soft", 3, {"source_sha256": "2"})
    monkeypatch.setattr("sr_batch.importing.quantize.quantize", refused)
    with pytest.raises(typer.Exit) as ended:
        models_quantize.quantize_models("soft", pictures(tmp_path / "many", 4, 300))
    assert ended.value.exit_code == 3
    assert "soft x3: no int8 file is kept" in capsys.readouterr().err


def test_adding_the_network_again_says_that_its_int8_file_is_deleted(
    tmp_path: Path,
    model: UserModel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = store.save_int8(tmp_path / "made.onnx", model, FIGURES)

    def add(*_: object) -> UserModel:
        path = conv_network(tmp_path / "other.onnx", seed=1, spec=make_spec(2, name="soft"))
        return store.save(path, "soft", 2, {"source_sha256": "1"})

    monkeypatch.setattr("sr_batch.importing.adding.add", add)
    monkeypatch.setattr(models_add, "_show", lambda model: None)
    assert models_add._added(tmp_path / "x.onnx", None, 1)
    assert not small.path.exists()
    assert capsys.readouterr().out == (
        "soft_x2_int8.onnx was made of the earlier file and is deleted; to make it again:"
        " sr-batch models quantize soft --on FOLDER\n"
    )
