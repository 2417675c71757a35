from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.small import setting, small_recipe
from training.run.forecast import Forecast, _noise, forecast
from training.run.trainer import Run


def test_measures_a_step_of_every_stage_and_writes_nothing(
    photographs: Path, tmp_path: Path
) -> None:
    recipe = small_recipe("espcn", 1000)
    found = forecast(recipe, setting(tmp_path / "run", photographs, every=100))
    assert found.parameters == 16 * 25 + 16 + 2 * (16 * 16 * 25 + 16) + 4 * (16 * 9 + 1)
    multiply_adds = 16 * 25 + 2 * 16 * 16 * 25 + 4 * 16 * 9
    assert found.gmacs_720p == pytest.approx(multiply_adds * 1280 * 720 / 4 / 1e9)
    assert len(found.steps) == 3
    shares = (0.5, 0.3, 0.2)
    steps = sum(share * step for share, step in zip(shares, found.steps, strict=True))
    assert found.seconds == pytest.approx(1000 * steps + 10 * found.checkpoint)
    assert not (tmp_path / "run").exists()


def test_says_the_time_in_fitting_units() -> None:
    for seconds, words in ((90, "90 s"), (600, "10 min"), (9000, "2.5 h")):
        *_, line = Forecast(1, 1, 0, (0.5, 1), 2, seconds).lines()
        assert f"about {words}, as this machine is now: 0.5 s, 1 s for a step in each" in line


def test_a_teacher_counts(photographs: Path, tmp_path: Path) -> None:
    recipe = replace(small_recipe("espcn", 4), teachers=("edsr_x2_more",))
    corpus = _noise(Run(recipe, setting(tmp_path, photographs)), 2)
    assert corpus.taught is not None
    assert corpus.taught.dtype == torch.float16


def test_a_long_step_runs_once(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def step(run: Run, corpora: object) -> torch.Tensor:
        taken.append(run.iteration)
        return torch.zeros(())

    monkeypatch.setattr(Run, "step", step)
    recipe = small_recipe("espcn", 1000)
    monkeypatch.setattr("training.run.forecast._LONG", 0.0)
    forecast(recipe, setting(tmp_path / "run", photographs, every=100))
    assert taken == [0, 500, 800]
