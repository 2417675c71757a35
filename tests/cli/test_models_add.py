"""``sr-batch models add`` and what follows, as real processes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import ENVIRONMENT, Finished, start
from tests.importing.foreign import enlarger, looping


@pytest.fixture(autouse=True)
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRONMENT, "XDG_DATA_HOME", str(tmp_path / "data"))


def run(folder: Path, *arguments: str) -> Finished:
    """Adding takes several processes, and a busy machine takes long to start them."""
    process = start(*arguments, cwd=folder)
    out, err = process.communicate(timeout=600)
    return Finished(process.returncode, out, err.decode())


def test_adds_lists_shows_uses_and_removes_a_model(tmp_path: Path) -> None:
    enlarger(tmp_path / "soft_x2.onnx")
    added = run(tmp_path, "models", "add", "soft_x2.onnx", "--licence", "CC0")
    assert added.code == 0, added.err
    assert added.out.decode().startswith("added soft x2: RGB, values 0..1")
    assert (
        "if red and blue are swapped in the result, add it again with --bgr" in added.out.decode()
    )
    listed = run(tmp_path, "models", "list", "--json").out.splitlines()
    (mine,) = [each for each in map(json.loads, listed) if each["name"] == "soft"]
    assert (mine["scale"], mine["licence"]) == (2, "CC0")
    shown = run(tmp_path, "models", "show", "soft").out.decode()
    assert "tiles with overlap" in shown
    assert str(tmp_path / "soft_x2.onnx") in shown
    assert run(tmp_path, "models", "show", "soft_x2.onnx").out.decode() == shown
    Image.fromarray(np.full((20, 30, 3), 99, np.uint8)).save(tmp_path / "a.png")
    used = run(tmp_path, "upscale", "a.png", "--model", "soft", "-o", "b.png")
    assert used.code == 0, used.err
    with Image.open(tmp_path / "b.png") as enlarged:
        assert enlarged.size == (60, 40)
    assert run(tmp_path, "models", "remove", "soft").code == 0
    assert run(tmp_path, "upscale", "a.png", "--model", "soft", "-o", "c.png").code == 2


def test_a_folder_adds_what_can_be_added(tmp_path: Path) -> None:
    enlarger(tmp_path / "good.onnx")
    shutil.copy(looping(tmp_path / "loop.onnx"), tmp_path / "also bad.onnx")
    added = run(tmp_path, "models", "add", ".")
    assert added.code == 3
    assert added.out.decode().splitlines()[-1] == "1 of 3 added"
    assert "loop.onnx: it has control flow (Loop)" in added.err


def test_a_refused_file_is_one_line_and_code_2(tmp_path: Path) -> None:
    looping(tmp_path / "loop.onnx")
    Image.fromarray(np.full((20, 30, 3), 99, np.uint8)).save(tmp_path / "a.png")
    for arguments in (
        ("models", "add", "loop.onnx"),
        ("upscale", "a.png", "--model", "loop.onnx"),
        ("eval", ".", "--model", "loop.onnx"),
    ):
        refused = run(tmp_path, *arguments)
        assert refused.code == 2
        (line,) = (each for each in refused.err.splitlines() if not each.endswith(": reading"))
        assert line.startswith("sr-batch: loop.onnx: it has control flow (Loop)")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add"], "give the file of a network"),
        (["add", "none.onnx"], "no such file or folder"),
        (["add", "."], "no network is in this folder"),
        (["add", "--from", "not-installed-here"], "-m pip install not-installed-here"),
        (["add", "--from", "pytest"], "no network is in this package"),
        (["remove", "edsr"], "no model edsr was added"),
        (["show", "a.onnx"], "sr-batch models add a.onnx"),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, arguments: list[str], words: str) -> None:
    if arguments[-1] == "a.onnx":
        enlarger(tmp_path / "a.onnx")
    wrong = run(tmp_path, "models", *arguments)
    assert wrong.code == 2
    assert words in wrong.err


def test_adds_the_models_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "nets-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: nets\nVersion: 1.0\n")
    (package / "RECORD").write_text("nets/a.onnx,,\nnets/b.onnx,,\nnets/readme.txt,,\n")
    (tmp_path / "site" / "nets").mkdir()
    for name in ("a", "b"):
        enlarger(tmp_path / "site" / "nets" / f"{name}.onnx")
    paths = f"{tmp_path / 'site'}:{ENVIRONMENT['PYTHONPATH']}"
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", paths)
    added = run(tmp_path, "models", "add", "--from", "nets", "B*")
    assert added.code == 0, added.err
    assert added.out.decode().startswith("added b x2")
    unknown = run(tmp_path, "models", "add", "--from", "nets", "c")
    assert "It has a, b" in unknown.err
