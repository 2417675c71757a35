"""Several processes at once, disks that fill, and imports that were killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from sr_batch.core.errors import SrBatchError, StorageError, UnknownModel
from sr_batch.importing import sandbox, store
from sr_batch.inference import user_models
from tests.disks import DISKS_THAT_FILL
from tests.importing.foreign import enlarger

ROOT = Path(__file__).parents[2]
ROUNDS = 10


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of added models, of this test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return user_models.folder()


def save(made: Path) -> user_models.UserModel:
    """Keep a model, always of the same file."""
    return store.save(made, "a", 2, {"source": "/x", "source_sha256": "1", "measured": {}})


# Each process has its own file, and adds it under the name that all others want, too.
# Whoever has the name may rely on it until it removes the model.
ADDS_AND_REMOVES = """
import sys
from pathlib import Path
from sr_batch.core.errors import UsageError
from sr_batch.importing import store
from sr_batch.inference.user_models import require_unchanged
number, made = sys.argv[1], Path(sys.argv[2])
own = made.with_name(f"{number}.onnx")
own.write_bytes(made.read_bytes() + b"\\0" * int(number))
added = 0
for _ in range(int(sys.argv[3])):
    try:
        record = {"source": number, "source_sha256": number, "measured": {}}
        model = store.save(own, "wanted", 2, record)
    except UsageError as taken:
        assert "was added already" in str(taken), taken
        continue
    assert store.find_source(number)
    require_unchanged(model.path)
    store.remove("wanted")
    added += 1
print(added)
"""


def test_processes_that_add_and_remove_one_name_do_not_disturb_each_other(
    tmp_path: Path, data: Path
) -> None:
    made = enlarger(tmp_path / "made.onnx")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ADDS_AND_REMOVES, str(number), str(made), str(ROUNDS)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in (1, 2, 3)
    ]
    while any(process.poll() is None for process in processes):
        for model in user_models.user_models():  # another program reads meanwhile
            try:
                user_models.require_unchanged(model.path)
            except UnknownModel:
                continue  # removed, or added by another, between two looks
    said = [process.communicate() for process in processes]
    assert [error for _, error in said] == [b""] * 3
    assert sum(int(out) for out, _ in said) > 0
    assert [path.name for path in data.iterdir()] == [".lock"]


@pytest.mark.parametrize("full_disk", DISKS_THAT_FILL)
def test_a_disk_that_fills_changes_nothing(
    tmp_path: Path, full_disk: Callable[[Path], AbstractContextManager[Callable[[], None]]]
) -> None:
    small = enlarger(tmp_path / "small.onnx")
    large = enlarger(tmp_path / "large.onnx", radius=20)  # as another version makes it
    with full_disk(tmp_path / "data") as free:
        before = save(small)
        files = sorted(before.path.parent.iterdir())
        with pytest.raises(StorageError, match=r"a_x2\.onnx cannot be written: .*run the same"):
            save(large)
        assert sorted(before.path.parent.iterdir()) == files
        user_models.require_unchanged(before.path)
        free()
        after = save(large)
        user_models.require_unchanged(after.path)
        assert after.path == before.path


def test_a_step_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexit 28\n")  # ENOSPC
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(StorageError, match="is full: free some space, then run the same"):
        sandbox.run_step("measure", tmp_path, {})


def test_folders_of_imports_that_were_killed_are_deleted_after_a_day(data: Path) -> None:
    with store.work_folder() as place:
        forgotten, recent = place.with_name("1-dead"), place.with_name("2-alive")
        for each in (forgotten, recent):
            each.mkdir()
        os.utime(forgotten, (time.time() - 90_000,) * 2)
        with store.work_folder():
            assert not forgotten.exists()
            assert recent.exists()
    assert [path.name for path in (data / ".work").iterdir()] == ["2-alive"]


def test_a_folder_that_cannot_be_written_is_named(data: Path) -> None:
    data.parent.mkdir(parents=True)
    data.write_text("a file in the place of the folder")
    with pytest.raises(SrBatchError, match="models"), store.work_folder():
        pass
