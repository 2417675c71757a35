"""The calls to wandb, which is not installed here: a stand-in takes them down."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sr_batch.core.errors import UsageError
from tests.training.small import small_recipe
from training.run.wandb_sync import synced


def test_sends_a_run_under_its_name_and_follows_tensorboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    @contextmanager
    def init(**given: Any) -> Iterator[None]:
        calls.append(given)
        yield

    stand_in = ModuleType("wandb")
    monkeypatch.setattr(stand_in, "init", init, raising=False)
    monkeypatch.setitem(sys.modules, "wandb", stand_in)
    with synced("", tmp_path / "mine", small_recipe("espcn")):
        assert not calls
    with synced("nets", tmp_path / "mine", small_recipe("espcn")):
        (call,) = calls
    assert (call["project"], call["name"], call["id"]) == ("nets", "mine", "mine")
    assert (call["sync_tensorboard"], call["resume"]) == (True, "allow")
    assert call["config"]["lr"] == small_recipe("espcn").lr


def test_names_the_package_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    recipe = small_recipe("espcn")
    with (
        pytest.raises(UsageError, match=r"--wandb needs Weights & Biases: .* install wandb"),
        synced("nets", tmp_path, recipe),
    ):
        pass
