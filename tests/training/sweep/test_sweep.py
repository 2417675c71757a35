"""The command ``sweep`` with tiny networks: its table and plots, pruning, and going on."""

import csv
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from sr_batch.core.errors import UsageError
from training import cli
from training.models import BadConfig
from training.recipes import RECIPES
from training.recipes.fields import with_values
from training.run import loop
from training.run.loop import Diverged
from training.run.places import Places
from training.run.setting import Setting
from training.run.trainer import Run
from training.sweep import figures, trials
from training.sweep.figures import best_psnr
from training.sweep.plan import Pruning, Sweep, read_sweep
from training.sweep.result import Result, sorted_by_goal
from training.sweep.study import Study, Trial
from training.sweep.trials import Bench, results, sweep_all

GRID = """
sampler = "grid"
[recipe]
model = "refiner"
scale = 4
iterations = 2
lr = 1e-3
warmup = 1
model_options = { blocks = 1 }
stages = [{ until = 1.0, batch = 2, patch = 8, loss = { mse = 1.0 } }]
[space]
model = ["refiner", "resnet"]
"model_options.channels" = [4, 8]
"""
TPE = GRID.replace('"grid"', '"tpe"\ntrials = 3').replace("[4, 8]", "{ low = 4, high = 8 }")


@pytest.fixture(autouse=True)
def no_pictures_of_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials leave out their own curve and sheet, which take longer than they do."""

    def touch(run: Run) -> None:
        (run.setting.folder / "sheet.jpg").touch()

    monkeypatch.setattr(loop, "draw_pictures", touch)


@pytest.fixture
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "draw_all", lambda results, folder: [])


def plan(folder: Path, text: str = GRID) -> Sweep:
    (folder / "tiny.toml").write_text(text)
    return read_sweep(folder / "tiny.toml")


def bench(folder: Path, data: Path, every: int = 1) -> Bench:
    setting = Setting(folder, torch.device("cpu"), False, (), every)
    return Bench(folder, setting, Places(data, folder.parent, folder.parent / "kept"))


def result(number: int, psnr: float, state: str = "complete", **options: int) -> Result:
    values = {f"model_options.{name}": value for name, value in options.items()}
    recipe = with_values(RECIPES["refiner_x4"], values)
    return Result(number, recipe, {}, state, 1, {"psnr": psnr, "validation_loss": -psnr}, "x")


def test_writes_a_table_and_plots_and_does_no_trial_twice(data: Path, tmp_path: Path) -> None:
    plan(tmp_path)
    command = ["sweep", str(tmp_path / "tiny.toml"), "--data", str(data), "--device", "cpu"]
    command += ["--runs", str(tmp_path / "runs"), "--every", "1", "--threads", "1"]
    first = CliRunner().invoke(cli.app, command, catch_exceptions=False)
    assert first.exit_code == 0
    assert "trial 2 of 4: model = refiner, model_options.channels = 8" in first.output
    folder = tmp_path / "runs" / "tiny"
    names = ("psnr_by_channels", "psnr_by_model", "progress")
    assert [(folder / f"{name}.png").read_bytes()[:4] for name in names] == [b"\x89PNG"] * 3
    lines = (folder / "sweep.md").read_text().splitlines()
    assert lines[0] == (
        "| trial | state | model | runtime | channels | lr | blocks | batch | iterations "
        "| parameters | train MSE | val MSE | PSNR | SSIM |"
    )
    with (folder / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(lines[2:6]) == len(rows) == 4
    assert {(row["model"], row["channels"]) for row in rows} == {
        (model, channels) for model in ("refiner", "resnet") for channels in ("4", "8")
    }
    psnr = [float(row["PSNR"]) for row in rows]
    assert psnr == sorted(psnr, reverse=True)
    assert all(0 < float(row[name]) < 0.1 for row in rows for name in ("train MSE", "val MSE"))
    written = (folder / "trial-001" / "progress.pt").stat().st_mtime_ns
    again = CliRunner().invoke(cli.app, command, catch_exceptions=False)
    assert "trial 1 of" not in again.output
    assert (folder / "trial-001" / "progress.pt").stat().st_mtime_ns == written


@pytest.mark.usefixtures("no_plots")
def test_goes_on_with_the_trial_that_a_killed_process_had_begun(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, whole, killed = plan(tmp_path, TPE), tmp_path / "whole", tmp_path / "killed"
    sweep_all(sweep, bench(whole, data), lambda line: None)
    step, steps = Run.step, 0

    def die(run: Run, corpora: Any) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps == 4:  # the second step of the second trial
            raise MemoryError
        return step(run, corpora)

    monkeypatch.setattr(Run, "step", die)
    with pytest.raises(MemoryError):
        sweep_all(sweep, bench(killed, data), lambda line: None)
    lines: list[str] = []
    sweep_all(sweep, bench(killed, data), lines.append)
    assert lines[0].startswith("trial 2 of 3")
    assert steps == 7  # six of three trials, and the one that failed
    assert rows_without_time(killed) == rows_without_time(whole)


def rows_without_time(folder: Path) -> list[dict[str, str]]:
    with (folder / "sweep.csv").open() as file:
        return [{**row, "runtime": ""} for row in csv.DictReader(file)]


@pytest.mark.usefixtures("no_plots")
def test_prunes_by_the_goal_at_a_checkpoint_and_tells_of_divergence(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = plan(tmp_path, f"{GRID}[pruning]\nstartup = 1\n")
    goals = iter([30.0, 31.0, 20.0, 31.0, 32.0])  # two checkpoints each; the second trial has one
    report = Trial.report

    def told(trial: Trial, iteration: int, figure: float) -> bool:
        if trial.number == 3:
            raise Diverged("the loss became nan")
        return report(trial, iteration, next(goals))

    monkeypatch.setattr(Trial, "report", told)
    lines: list[str] = []
    sweep_all(sweep, bench(tmp_path / "s", data), lines.append)
    assert sweep.pruning == Pruning(1, 0)
    found = results(Study(tmp_path / "s" / trials.STUDY, sweep), sweep)
    assert sorted((each.number, each.state) for each in found) == [
        (0, "complete"),
        (1, "pruned"),
        (2, "complete"),
        (3, "diverged"),
    ]
    assert [each.state for each in found] == ["complete", "complete", "pruned", "diverged"]
    assert next(each for each in found if each.number == 1).figures["iterations"] == 1
    best = found[0].figures  # the loss is MSE
    assert best["validation_mse"] == pytest.approx(best["validation_loss"])
    assert "diverged" in (tmp_path / "s" / "sweep.md").read_text()
    assert lines[-1] == "  diverged: the loss became nan"


def test_a_study_of_another_sweep_or_no_study_is_refused(tmp_path: Path) -> None:
    Study(tmp_path / "a.db", plan(tmp_path))
    with pytest.raises(BadConfig, match="another sweep: space changed; --name NAME begins"):
        Study(tmp_path / "a.db", plan(tmp_path, GRID.replace("[4, 8]", "[4]")))
    (tmp_path / "b.db").write_text("no database, but a text that is longer than a header" * 9)
    with pytest.raises(BadConfig, match=r"b\.db: cannot be used as a study: [^\n]+$"):
        Study(tmp_path / "b.db", plan(tmp_path))


def test_names_the_command_that_installs_optuna(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UsageError, match=r"sweep needs Optuna: .* install -e .*\[sweep\]"):
        Study(tmp_path / "a.db", plan(tmp_path))


def test_sorts_by_the_goal_and_draws_the_best_of_a_size() -> None:
    found = [result(0, 30, blocks=1), result(1, 32, blocks=1), result(2, 31, blocks=2)]
    found.append(result(3, 40, "pruned"))
    assert [each.number for each in sorted_by_goal(found, "psnr")] == [1, 2, 0, 3]
    assert [each.number for each in sorted_by_goal(found, "validation_loss")] == [1, 2, 0, 3]
    assert best_psnr(found, blocks=1) == 32
    assert best_psnr(found, blocks=1, channels=5) != best_psnr(found, blocks=1, channels=5)  # NaN
