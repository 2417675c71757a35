"""docs/training.md: the commands of its first section, run as they are written there."""

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.training.conftest import draw_photograph
from training import cli
from training.recipes import RECIPES
from training.recipes.recipe import Recipe

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "training.md"


def commands() -> list[str]:
    section = PAGE.read_text(encoding="utf-8").partition("## From ten photographs")[2]
    return section.split("```\n")[1].splitlines()


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with ten photographs, outside any clone."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SR_BATCH_DATA", raising=False)
    (tmp_path / "photos").mkdir()
    for number in range(10):
        photograph = Image.fromarray(draw_photograph(number, 128 + 8 * number))
        photograph.save(tmp_path / "photos" / f"DSC{number:04}.JPG")
    monkeypatch.chdir(tmp_path)


def short(recipe: Recipe) -> Recipe:
    return replace(recipe, iterations=3, model_options={"channels": 8}, warmup=1)


@pytest.mark.slow
@pytest.mark.usefixtures("draws_pictures", "_folder")
def test_ten_photographs_become_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "first_x2", short(RECIPES["first_x2"]))
    check, train, export, upscale = commands()
    for command in (check, train, export):
        _, _, _, *arguments = shlex.split(command)
        result = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    (model,) = Path("models").glob("*_x2.onnx")
    card = model.with_suffix(".md").read_text(encoding="utf-8")
    assert "| validation |" in card
    assert len([*Path("runs/first_x2/validation").iterdir()]) == 1
    arguments = shlex.split(upscale.replace("models/first_x2.onnx", str(model)))
    done = subprocess.run(
        [sys.executable, "-m", "sr_batch", *arguments[1:]],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    made = sorted(Path("photos_sr").glob("*.JPG"))
    with Image.open(made[0]) as larger:
        assert (len(made), larger.size) == (10, (256, 256))
