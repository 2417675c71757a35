"""The hidden file of an output, with a listener, with a sweep and on a failing disk."""

import errno
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from sr_batch.core.errors import StorageError, UnwritableOutput
from sr_batch.files.atomic_write import write_output
from sr_batch.files.part_file import part_file, sweep

PATIENCE = 60.0
BIG = bytes(range(256)) * 16384  # 4 MiB
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="it tells of closed files")


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


def test_a_hidden_file_holds_the_bytes_before_they_are_named(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    with part_file(target, len(BIG)) as part:
        part.write(BIG)
        part.sync()
        assert not target.exists()
        assert [path.stat().st_size for path in tmp_path.iterdir()] == [len(BIG)]
        part.take_name()
        assert target.read_bytes() == BIG
    assert files_in(tmp_path) == ["a.png"]


def test_a_hidden_file_that_took_no_name_is_removed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    with part_file(tmp_path / "a.png", 3) as part:
        part.write(b"new")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert files_in(tmp_path) == ["a.png"]


def test_an_error_before_the_name_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(StorageError), part_file(tmp_path / "a.png", len(BIG)) as part:
        part.write(BIG)
        raise StorageError("no room for the record")
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert files_in(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.ENOSPC, StorageError),
        (errno.EDQUOT, StorageError),
        (errno.EROFS, StorageError),
        (errno.EIO, StorageError),
        (errno.EACCES, UnwritableOutput),
        (errno.ENAMETOOLONG, UnwritableOutput),
    ],
)
def test_a_failing_disk_is_told_from_a_failing_file(
    tmp_path: Path, code: int, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"a\.png"), part_file(tmp_path / "a.png", 4):
        raise OSError(code, os.strerror(code))
    assert files_in(tmp_path) == []


# what is never replaced


def socket_at(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def device_at(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (os.mkfifo, "a pipe"),
    "socket": (socket_at, "a socket"),
    "folder": (Path.mkdir, "a folder"),
    "link to itself": (lambda path: path.symlink_to(path.name), "a link to itself"),
}
if sys.platform == "linux" and os.geteuid() == 0:  # only root makes, and could replace, devices
    KINDS["device"] = (device_at, "a device")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("when", ["before", "while"])
@pytest.mark.parametrize("through_a_link", [False, True])
def test_replaces_regular_files_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, when: str, through_a_link: bool
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    make, name = KINDS[kind]
    place, target = Path("node"), Path("a.png")
    target.symlink_to(place) if through_a_link else (place := target)
    if when == "before":
        make(place)
    with pytest.raises(UnwritableOutput, match=f"{name}, not a file"), part_file(target, 3) as part:
        if when == "while":
            make(place)
        part.write(b"new")
        part.take_name()
    assert not stat.S_ISREG(place.lstat().st_mode)
    assert {*files_in(tmp_path)} <= {"node", "a.png"}


# sweeping

KILLED_WHILE_WRITING = (
    "import os, pathlib, sys; from sr_batch.files.part_file import part_file\n"
    "with part_file(pathlib.Path(sys.argv[1]), 1000) as part:\n"
    "    part.write(b'1' * 1000); os.kill(os.getpid(), 9)"
)


def test_sweeps_what_a_killed_writer_left(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, str(target)]
    assert subprocess.run(command, check=False).returncode == -9
    (left,) = files_in(tmp_path)
    assert left.startswith(".sr-batch-")
    sweep(tmp_path)
    assert files_in(tmp_path) == []


def test_sweeps_nothing_that_is_being_written(tmp_path: Path) -> None:
    with part_file(tmp_path / "a.png", len(BIG)) as part:
        sweep(tmp_path)
        part.write(BIG)
        sweep(tmp_path)
        part.take_name()
    assert (tmp_path / "a.png").read_bytes() == BIG


def test_a_sweep_between_closing_and_renaming_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, replace, swept = tmp_path / "a.png", Path.replace, list[bool]()

    def sweep_first(part: Path, place: Path) -> Path:
        if not swept:
            sweep(tmp_path)
            swept.append(not part.exists())
        return replace(part, place)

    monkeypatch.setattr(Path, "replace", sweep_first)
    with part_file(target, len(BIG)) as part:
        part.write(BIG)
        part.path.chmod(0o640)
        os.utime(part.path, ns=(10**18, 10**18 + 123_456_789))
        part.take_name()
    assert swept == [True]
    assert target.read_bytes() == BIG
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert target.stat().st_mtime_ns == 10**18 + 123_456_789
    assert files_in(tmp_path) == ["a.png"]


def test_writers_and_sweepers_do_not_disturb_each_other(tmp_path: Path) -> None:
    finished = threading.Event()

    def sweep_on() -> None:
        while not finished.is_set():
            sweep(tmp_path)

    sweeper = threading.Thread(target=sweep_on)
    sweeper.start()
    for number in range(300):
        write_output(tmp_path / f"{number}.png", b"%d" % number)
    finished.set()
    sweeper.join()
    assert len(files_in(tmp_path)) == 300
    assert all((tmp_path / f"{n}.png").read_bytes() == b"%d" % n for n in range(300))


def test_a_removed_folder_is_an_error_not_a_loop(tmp_path: Path) -> None:
    with (
        pytest.raises(UnwritableOutput, match=r"a\.png .*No such file"),
        part_file(tmp_path / "out" / "a.png", 4) as part,
    ):
        part.write(b"data")
        shutil.rmtree(tmp_path / "out")
        part.take_name()
    assert list(tmp_path.iterdir()) == []


# listening


class Listening(FileSystemEventHandler):
    """Records the events in a folder, by file name."""

    def __init__(self) -> None:
        self.events: dict[str, list[str]] = defaultdict(list)

    def on_any_event(self, event: FileSystemEvent) -> None:
        path = os.fsdecode(event.dest_path or event.src_path)
        if not event.is_directory:
            self.events[Path(path).name].append(event.event_type)


@linux_only
@pytest.mark.parametrize("before", [None, b"old"])
def test_a_listener_hears_of_an_output_once(tmp_path: Path, before: bytes | None) -> None:
    target, listening, observer = tmp_path / "a.png", Listening(), Observer()
    if before:
        target.write_bytes(before)
    observer.schedule(listening, str(tmp_path))
    observer.start()
    try:
        write_output(target, BIG)
        (tmp_path / "last").touch()
        ends = time.monotonic() + PATIENCE
        while "closed" not in listening.events["last"]:
            assert time.monotonic() < ends
            time.sleep(0.01)
    finally:
        observer.stop()
        observer.join()
    assert listening.events.pop("a.png") == ["moved"]
    hidden = [events for name, events in listening.events.items() if name != "last"]
    assert [events[-1] for events in hidden] == ["closed"]


def test_sweeps_no_other_files(tmp_path: Path) -> None:
    names = [".sr-batch-notes.txt", "a.part", "a.png"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".sr-batch-folder.part").mkdir()
    os.mkfifo(tmp_path / ".sr-batch-pipe.part")
    sweep(tmp_path)
    sweep(tmp_path / "missing")
    assert files_in(tmp_path) == sorted([*names, ".sr-batch-pipe.part"])
