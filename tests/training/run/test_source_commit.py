import subprocess
from pathlib import Path

import pytest

from training.run.source_commit import UNKNOWN, source_commit

ROOT = Path(__file__).parents[3]


def test_is_that_of_the_package_whatever_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD"]
    head = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert source_commit().removesuffix("-dirty") == head


def test_is_unknown_without_a_repository_or_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert source_commit(tmp_path) == UNKNOWN
    monkeypatch.setenv("PATH", str(tmp_path))
    assert source_commit() == UNKNOWN
