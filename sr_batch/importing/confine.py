"""Takes away from this process what an unknown network has no need of: files and connections.

Landlock of the Linux kernel does it, through three system calls; Python has no functions for them.
https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every processor
_VERSION = 1  # flag of _CREATE: return the version of the interface
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES, _DIE_WITH_PARENT = 38, 1

_EXECUTE, _WRITE, _READ, _READ_FOLDER, _TRUNCATE, _IOCTL = (1 << n for n in (0, 1, 2, 3, 14, 15))
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_TO_READ = _EXECUTE | _READ | _READ_FOLDER
# Number of rights to files that a version knows.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_MOST_RIGHTS = 16
_TCP = 0b11  # bind and connect, from version 4
_SCOPES = 0b11  # abstract Unix sockets and signals, from version 6

# What Python and its libraries read while they run.
_SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/proc",
    "/sys",
    "/dev/null",
    "/dev/urandom",
)


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Deny this process all other files, and TCP. Threads that exist already are not confined.

    Python's own files and those of the system's libraries stay readable.

    Args:
        readable: Files and folders.
        writable: Files and folders that may be read, changed and filled.

    Returns:
        Whether the kernel can do it.
    """
    libc = _libc()
    version = libc.syscall(_CREATE, None, 0, _VERSION) if libc else 0
    if libc is None or version < 1:
        return False
    handled = (1 << _RIGHTS.get(version, _MOST_RIGHTS)) - 1
    rules = struct.pack("=QQQ", handled, _TCP, _SCOPES)
    rules = rules[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = libc.syscall(_CREATE, rules, len(rules), 0)
    if ruleset < 0:
        return False
    for path in [*map(Path, _SYSTEM), *_python(), *readable]:
        _allow(libc, ruleset, path, _TO_READ & handled)
    for path in writable:
        _allow(libc, ruleset, path, handled)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    confined: bool = libc.syscall(_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return confined


def end_with_parent() -> None:
    """Let Linux kill this process when the one that started it ends."""
    libc = _libc()
    if libc:
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _libc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _python() -> Iterable[Path]:
    return {Path(each) for each in (sys.prefix, sys.base_prefix, *sys.path) if each}


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    with suppress(OSError):  # a path that does not exist needs no right
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = rights if path.is_dir() else rights & _OF_FILES
        libc.syscall(_ADD, ruleset, _PATH_BENEATH, struct.pack("=Qi", allowed, opened), 0)
        os.close(opened)
