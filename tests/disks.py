"""Full disks, for tests: limits on this process, and a small file system."""

import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def largest_file(size: int) -> Iterator[Callable[[], None]]:
    """Let this process write no file over ``size`` bytes: its last write but one is short.

    The same signal, SIGXFSZ, would kill a program that did not ignore it. Yields the function that
    lifts the limit, as leaving the block does.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def lift() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield lift
    finally:
        lift()


@contextmanager
def limited_files(folder: Path) -> Iterator[Callable[[], None]]:
    """No file over 24 KiB, until the function that this yields is called."""
    with largest_file(24 << 10) as lift:
        yield lift


@contextmanager
def small_file_system(folder: Path) -> Iterator[Callable[[], None]]:
    """``folder`` is a file system of 96 KiB, until the function that this yields is called."""
    folder.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", "size=96k", "tmpfs", str(folder))
    try:
        yield lambda: _mount("-o", "remount,size=16m", str(folder))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def _can_mount() -> bool:
    try:
        with tempfile.TemporaryDirectory() as folder, small_file_system(Path(folder)):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


# Only root may mount; the limit on file size tests the same for every user, and more strictly.
DISKS_THAT_FILL = [limited_files, *([small_file_system] if _can_mount() else [])]
