"""Warns, before the work, of disks that are too small for the outputs of a plan."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from sr_batch.batch.job import Job
from sr_batch.core.byte_count import rough_bytes
from sr_batch.files.reading import PIPE, display_name


def shortages(jobs: Iterable[Job]) -> list[str]:
    """One line for every disk with less free space than the outputs on it are likely to take."""
    needed: dict[int, int] = {}
    folders: dict[int, Path] = {}
    for job in jobs:
        if job.target == PIPE:
            continue
        folder = _existing_folder(job.target.parent)
        disk = folder.stat().st_dev
        needed[disk] = needed.get(disk, 0) + job.bytes
        folders.setdefault(disk, folder)
    return [
        f"the outputs need about {rough_bytes(size)}, but the disk that holds"
        f" {display_name(folders[disk])} has only {rough_bytes(free)} free: free some space or"
        " choose another -o"
        for disk, size in needed.items()
        if size > (free := shutil.disk_usage(folders[disk]).free)
    ]


def _existing_folder(folder: Path) -> Path:
    """``folder``, or the nearest folder above it that exists."""
    absolute = folder.absolute()
    return next(path for path in (absolute, *absolute.parents) if path.exists())
