"""What the shell completes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("upscale --model esp", {"espcn"}),
        ("compare --models balanced,ed", {"balanced,edsr"}),
        ("models show edsr", {"edsr"}),
        ("plugin install d", {"darktable", "dolphin"}),
        ("plugin status g", {"gimp"}),
        ("upscale --format jp", {"jpg"}),
        ("upscale --existing s", {"skip"}),
        ("upscale photo", set()),  # nothing of ours: the shell completes files
        ("upscale --report a", set()),
    ],
)
def test_completes(line: str, completed: set[str], tmp_path: Path) -> None:
    words = f"sr-batch {line}"
    run = subprocess.run(
        [sys.executable, "-c", "from sr_batch.cli import app; app(prog_name='sr-batch')"],
        env=ENVIRONMENT
        | {
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
            "_SR_BATCH_COMPLETE": "complete_bash",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert set(run.stdout.split()) == completed


def test_bash_completes_files_where_nothing_else_fits() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from sr_batch.cli import app; app(prog_name='sr-batch')"],
        env=ENVIRONMENT | {"_SR_BATCH_COMPLETE": "source_bash"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "complete -o default" in run.stdout


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("upscale --model esp", "espcn"),
        ("plugin status g", "gimp"),
        ("upscale --format jp", "jpg"),
    ],
)
def test_other_shells_complete_the_same(shell: str, line: str, completed: str) -> None:
    run = asked(shell, line, "get-args")
    assert set(re.findall(r"\w+", run.stdout)) - {"_arguments"} == {completed}


@pytest.mark.parametrize("line", ["upscale photo", "upscale --report a"])
def test_other_shells_complete_files_where_nothing_else_fits(line: str) -> None:
    assert asked("fish", line, "is-args").returncode == 1  # fish completes files then
    assert asked("zsh", line, "get-args").stdout.strip() == "_files"


def asked(shell: str, line: str, action: str) -> subprocess.CompletedProcess[str]:
    """What the script of ``shell`` gets when it asks about a line."""
    asking = {
        "_SR_BATCH_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": f"sr-batch {line}",
        "_TYPER_COMPLETE_FISH_ACTION": action,
    }
    return subprocess.run(
        [sys.executable, "-c", "from sr_batch.cli import app; app(prog_name='sr-batch')"],
        env=ENVIRONMENT | asking,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
