"""Fixtures that tests of several modules share."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs import digest

pytest_plugins = ["tests.selection"]

NOBODY = 65534


@pytest.fixture
def user_folder() -> Iterator[Path]:
    """A folder of a user whom permissions bind: root, if it runs the tests, steps down."""
    folder = Path(tempfile.mkdtemp(prefix="sr-batch-test-"))
    root = os.geteuid() == 0
    if root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o700)
        shutil.rmtree(folder)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is an empty one."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def originals() -> Iterator[dict[Path, str]]:
    """Files that a test enters here, with their digest, must be the same at its end."""
    hashes: dict[Path, str] = {}
    yield hashes
    assert {path: digest(path) for path in hashes} == hashes
