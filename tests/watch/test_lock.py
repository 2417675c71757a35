"""The lock that allows one watch per output folder, held by real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sr_batch.core.errors import UsageError
from sr_batch.files.state_db import FOLDER
from sr_batch.watch.lock import holder, sole_watch
from tests.cli.conftest import ENVIRONMENT

HOLD = """
import sys
from pathlib import Path
from sr_batch.watch.lock import sole_watch
with sole_watch(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_second_process_is_refused_until_the_first_dies(tmp_path: Path) -> None:
    with hold(tmp_path) as first:
        assert holder(tmp_path) == first.pid
        with (
            pytest.raises(
                UsageError, match=f"another watch, process {first.pid}, already writes to"
            ),
            sole_watch(tmp_path),
        ):
            pass
        assert holder(tmp_path) == first.pid  # the refused process did not change it
        with sole_watch(tmp_path / "other"):
            pass
        first.kill()
        first.wait()
        assert holder(tmp_path) is None
        with sole_watch(tmp_path):
            assert holder(tmp_path) == os.getpid()
    assert holder(tmp_path) is None


def test_a_folder_that_was_never_watched_is_not_locked(tmp_path: Path) -> None:
    assert holder(tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_a_longer_process_number_is_overwritten_completely(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "watch.pid").write_text("9999999999\n")
    with sole_watch(tmp_path):
        assert holder(tmp_path) == os.getpid()
