"""The command ``evaluate``, and the table, CSV and plot of what it measures."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from sr_batch.core.errors import ImageError, UsageError
from sr_batch.inference.model_catalog import choose
from tests.training.conftest import draw_photograph
from tests.training.small import small_recipe
from training import cli
from training.cli.measuring import other_lr
from training.evaluate.measured import Measured, SetResult
from training.evaluate.measured_table import metrics_table, table
from training.evaluate.metrics import METRICS
from training.evaluate.protocol import DEFAULT, Protocol
from training.models import build
from training.recipes import RECIPES
from training.run.networks import open_networks
from training.run.places import Places

ESPCN = str(choose("espcn")[2].path)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cards") / "mine"
    folder.mkdir()
    for seed in (1, 2):
        Image.fromarray(draw_photograph(seed, 60)).save(folder / f"{seed}.png")
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, ["evaluate", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def result(name: str, psnrs: list[float], protocol: Protocol = DEFAULT) -> SetResult:
    rows = [Measured(str(n), {"psnr": 20.0}, {"psnr": psnr}) for n, psnr in enumerate(psnrs)]
    return SetResult(name, 2, "mine", protocol, rows)


def test_bicubic_has_one_row_for_two_networks() -> None:
    lines = table([result("a", [30, 32]), result("b", [33, 35])]).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["bicubic", "x2", "mine", "20.000"],
        ["a", "mine", "31.000"],
        ["b", "mine", "34.000"],
    ]
    assert lines[0].split() == ["network", "set", "psnr", "(dB)"]


def test_every_picture_has_a_row_and_the_set_its_pooled_psnr() -> None:
    lines = table([result("a", [20, 40], Protocol(pooled=True))], each_picture=True).splitlines()
    assert [line.split()[-2:] for line in lines[4:]] == [
        ["0", "20.000"],
        ["1", "40.000"],
        ["mean", "22.967"],  # -10 log10((0.01 + 0.0001) / 2)
    ]


def test_measures_a_folder_and_writes_the_figures_of_every_picture(
    pictures: Path, tmp_path: Path
) -> None:
    files = ("--csv", str(tmp_path / "a.csv"), "--plot", str(tmp_path / "a.png"))
    printed = run(ESPCN, "--set", str(pictures), "--metrics", "psnr,mae", *files)
    assert printed.splitlines()[0].split() == ["network", "set", "psnr", "(dB)", "mae"]
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["network"], row["picture"]) for row in rows] == [
        ("bicubic", "1"), ("bicubic", "2"), ("espcn_x2", "1"), ("espcn_x2", "2"),
    ]  # fmt: skip
    mean = np.mean([float(row["psnr"]) for row in rows[2:]])
    assert printed.splitlines()[2].split()[2] == f"{mean:.3f}"
    with Image.open(tmp_path / "a.png") as plot:
        assert plot.width > 500


def test_a_recipe_is_measured_on_lr_as_in_its_training(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("espcn")
    weights = build(recipe.model, recipe.scale, recipe.model_options).state_dict()
    for name in ("plain", "squares"):
        torch.save(weights, tmp_path / f"{name}.pt")
    monkeypatch.setitem(RECIPES, "plain", recipe)
    monkeypatch.setitem(RECIPES, "squares", replace(recipe, degradation="area"))
    arguments = ("--set", str(pictures), "--kept", str(tmp_path), "--metrics", "psnr")
    own, asked, bicubic = (
        run(*each, *arguments).splitlines()[2].split()[-1]
        for each in (("squares",), ("plain", "--degradation", "area"), ("plain",))
    )
    assert own == asked != bicubic


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--set", "nowhere"), "--set nowhere: neither a folder nor a set in"),
        (("--metrics", "psnr,sim"), "--metrics sim: unknown; the metrics are psnr"),
        (("--sigma", "2"), "--sigma: only blurred LR has a sigma; add --degradation blur"),
        (("--degradation", "blur", "--sigma", "2,1"), "--sigma 2,1: give a number above 0"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: tuple[str, ...], error: str) -> None:
    with pytest.raises(UsageError, match=error):
        run(ESPCN, *arguments)


def test_a_picture_too_small_for_a_metric_is_named(pictures: Path) -> None:
    with pytest.raises(ImageError, match=r"1\.png: too small for IFC: needs 96 pixels a side"):
        run(ESPCN, "--set", str(pictures), "--metrics", "ifc")


def test_a_file_whose_contract_was_measured_on_other_lr_is_noted() -> None:
    (opened,) = open_networks([ESPCN], Places(Path(), Path(), Path()))
    assert other_lr(opened) == ""
    area = replace(opened, protocol=Protocol("area"))  # as if the file said so of bicubic LR
    assert "espcn_x2: the figures of its contract were measured in another way" in other_lr(area)


def test_the_list_of_metrics_says_all_of_each() -> None:
    rows = metrics_table().splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == [f"| {name}" for name in METRICS]
    assert "| nqm | higher | dB | -inf to inf | luma | Damera-Venkata" in rows[6]
