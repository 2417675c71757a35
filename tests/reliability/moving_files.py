"""Files that a watch may take away at any moment: renames and reads them, or says that it cannot.

Only Linux renames without replacing, and exchanges two files.
"""

import ctypes
import errno
import os
from pathlib import Path

NO_REPLACE, EXCHANGE = 1, 2

_C = ctypes.CDLL(None, use_errno=True)
_HERE = -100  # AT_FDCWD


def renamed(source: Path, target: Path, how: int) -> bool:
    """Rename without replacing, or exchange the two. False if one exists or does not."""
    names = os.fsencode(source), os.fsencode(target)
    if _C.renameat2(_HERE, names[0], _HERE, names[1], how) == 0:
        return True
    code = ctypes.get_errno()
    if code not in (errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EINVAL):
        raise OSError(code, os.strerror(code), str(target))
    return False


def read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
