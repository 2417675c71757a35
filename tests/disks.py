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


@contextmanager
def folding_file_system(folder: Path) -> Iterator[None]:
    """``folder`` is on a real file system for which ``a`` and ``A`` are one name: FAT or exFAT.

    Raises:
        OSError, subprocess.CalledProcessError: this machine has none, or may not mount it.
    """
    with tempfile.NamedTemporaryFile() as image:
        image.truncate(32 << 20)
        attach = ["losetup", "--find", "--show"]
        for make, mount in (
            (["mkfs.vfat"], ["mount", "-t", "vfat"]),
            (["mkfs.exfat"], ["mount.exfat-fuse"]),
        ):
            try:
                run([*make, image.name])
                device = run([*attach, image.name]).stdout.decode().strip()
            except (OSError, subprocess.CalledProcessError):
                continue
            try:
                run([*mount, device, str(folder)])
            except (OSError, subprocess.CalledProcessError):
                run(["losetup", "--detach", device])
                continue
            try:
                yield
            finally:
                run(["umount", str(folder)])
                run(["losetup", "--detach", device])
            return
    raise OSError("no such file system can be mounted")


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, check=True, capture_output=True)


def can_fold() -> bool:
    """Whether `folding_file_system` works here."""
    try:
        with tempfile.TemporaryDirectory() as folder, folding_file_system(Path(folder)):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _can_mount() -> bool:
    try:
        with tempfile.TemporaryDirectory() as folder, small_file_system(Path(folder)):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


# Only root may mount; the limit on file size tests the same for every user, and more strictly.
DISKS_THAT_FILL = [limited_files, *([small_file_system] if _can_mount() else [])]
