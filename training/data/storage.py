"""Arrays for tiles: in memory, or in a mapped file if they are larger than half of it."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sr_batch.core.errors import UsageError

_MEMORY = Path("/proc/meminfo")
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def free_memory() -> int | None:
    """Bytes of memory that this process may still take; None if the system does not say."""
    if not _MEMORY.exists():
        return None
    line = next(each for each in _MEMORY.read_text().splitlines() if each.startswith("MemAvail"))
    limits = [path.read_text().strip() for path in _LIMITS if path.exists()]
    return min([int(line.split()[1]) * 1024, *(int(text) for text in limits if text.isdigit())])


def is_too_large(count: int, free: int | None) -> bool:
    """Whether ``count`` bytes are more than half of the ``free`` memory."""
    return free is not None and count > free // 2


def mapped_array(
    shape: tuple[int, ...], dtype: npt.DTypeLike, folder: Path
) -> npt.NDArray[np.generic]:
    """A new array in an unnamed file in ``folder``, which ends with the process.

    Raises:
        UsageError: the disk has no room for it.
    """
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if count > free:
        raise UsageError(
            f"{folder}: the tiles are larger than memory and take {count / 1e9:.1f} GB on the disk,"
            f" which has {free / 1e9:.1f} GB; free some, or give --runs another disk"
        )
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):  # else a disk that fills up later would kill the process
            os.posix_fallocate(file.fileno(), 0, count)
        return np.memmap(file, dtype, "w+", shape=shape)
