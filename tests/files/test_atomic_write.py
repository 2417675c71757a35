import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sr_batch.core.errors import StorageError, UnwritableOutput
from sr_batch.files.atomic_write import require_writable_folder, write_output
from tests.disks import largest_file

MEGABYTE = 1 << 20
PATIENCE = 60.0
BIG = bytes(range(256)) * 16384  # 4 MiB


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


def test_writes_whole_into_folders_that_do_not_exist_yet(tmp_path: Path) -> None:
    write_output(tmp_path / "b" / "c" / "a.png", BIG)
    assert (tmp_path / "b" / "c" / "a.png").read_bytes() == BIG
    assert files_in(tmp_path) == ["a.png"]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    write_output(tmp_path / "a.png", b"1")
    (tmp_path / "b.png").write_bytes(b"1")
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "b.png").stat().st_mode


def test_replaces_a_whole_file_at_once(tmp_path: Path) -> None:
    """A reader sees the old content or the new content, never a part."""
    target, seen = tmp_path / "a.png", set[bytes]()
    old, new = b"o" * MEGABYTE, b"n" * MEGABYTE
    target.write_bytes(old)
    finished = threading.Event()

    def watch() -> None:
        while not finished.is_set():
            seen.add(target.read_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(20):
        write_output(target, new)
        write_output(target, old)
    finished.set()
    watcher.join()
    assert seen <= {old, new}


def test_replaces_the_target_of_a_link_not_the_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").write_bytes(b"old")
    link = tmp_path / "a.png"
    link.symlink_to("real/a.png")
    write_output(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.png").read_bytes() == b"new"
    assert files_in(tmp_path) == ["a.png", "a.png"]


def test_writes_through_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("later/b.png")
    write_output(tmp_path / "a.png", b"new")
    assert (tmp_path / "later" / "b.png").read_bytes() == b"new"


@pytest.mark.parametrize("name", [b"a" * 251 + b".png", b"-a\n\"'\xff.png", "é写".encode()])
def test_writes_hostile_names(tmp_path: Path, name: bytes) -> None:
    write_output(tmp_path / os.fsdecode(name), b"data")
    assert os.listdir(os.fsencode(tmp_path)) == [name]  # noqa: PTH208


def test_syncs_the_file_before_it_takes_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, synced, fsync = tmp_path / "a.png", list[tuple[bool, bool]](), os.fsync

    def spy(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append((is_folder, target.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    write_output(target, BIG)
    assert synced == [(False, False), (True, True)]


def test_a_short_write_leaves_no_file_and_names_the_folder(tmp_path: Path) -> None:
    """With the limit, the first write is short and the second fails; SIGXFSZ does not kill."""
    with largest_file(MEGABYTE), pytest.raises(StorageError) as caught:
        write_output(tmp_path / "a.png", BIG)
    assert str(tmp_path) in str(caught.value)
    assert "a.png (4.2 MB) could not be written" in str(caught.value)
    assert "-o" in str(caught.value)
    assert files_in(tmp_path) == []


def test_a_short_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    with largest_file(MEGABYTE), pytest.raises(StorageError):
        write_output(tmp_path / "a.png", BIG)
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert files_in(tmp_path) == ["a.png"]


def test_a_folder_or_file_in_the_way_concerns_one_output(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    (tmp_path / "file").touch()
    for target in (tmp_path / "a.png", tmp_path / "file" / "b.png"):
        with pytest.raises(UnwritableOutput, match="-o"):
            write_output(target, b"data")
    assert files_in(tmp_path) == ["file"]


def test_knows_before_the_work_where_it_may_not_write(user_folder: Path) -> None:
    (user_folder / "open").mkdir()
    (user_folder / "file").touch()
    (user_folder / "closed").mkdir(mode=0o555)
    (user_folder / "link.png").symlink_to("closed/b.png")
    for name in ("a.png", "open/a.png", "open/new/deep/a.png"):
        require_writable_folder(user_folder / name)
    for name in ("closed/a.png", "closed/new/a.png", "link.png", "file/a.png"):
        with pytest.raises(UnwritableOutput, match=r"\.png: no file can be created in .*-o"):
            require_writable_folder(user_folder / name)
    assert files_in(user_folder) == ["file", "link.png"]
    assert list((user_folder / "open").iterdir()) == []


WRITE_TO_PIPE = (
    "import sys; from sr_batch.core.errors import *; from sr_batch.files.atomic_write import *\n"
    "try: write_output(PIPE, bytes(int(sys.argv[1])))\n"
    "except StorageError as error: print(error, file=sys.stderr); raise SystemExit(1)"
)


def test_writes_standard_output() -> None:
    command = [sys.executable, "-c", WRITE_TO_PIPE, "10000000"]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == bytes(10_000_000)


@pytest.mark.parametrize("size", ["10", "10000000"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_standard_output_is_one_line(size: str, unbuffered: str) -> None:
    """Even when Python flushes its buffers again at the end."""
    command = [sys.executable, "-c", WRITE_TO_PIPE, size]
    variables = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=variables, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.decode().splitlines() == [
        "standard output could not be written completely: No space left on device"
    ]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_is_one_line(unbuffered: str) -> None:
    """Without a buffer, the first write is short and the next one fails."""
    command = [sys.executable, "-c", WRITE_TO_PIPE, "10000000"]
    variables = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=variables) as child:
        assert child.stdout and child.stderr
        child.stdout.read(10)
        child.stdout.close()
        assert child.stderr.read().decode().splitlines() == [
            "standard output could not be written completely: Broken pipe"
        ]
    assert child.returncode == 1
