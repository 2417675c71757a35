"""Whether the disks have room for what a plan is likely to write."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from sr_batch.batch.planning import Job
from sr_batch.files.reading import PIPE, display_name


def shortages(jobs: Iterable[Job]) -> list[str]:
    """A line for every disk that has less room than the outputs on it are likely to take."""
    needed: dict[int, int] = {}
    places: dict[int, Path] = {}
    for job in jobs:
        if job.target == PIPE:
            continue
        place = _standing(job.target.parent)
        disk = place.stat().st_dev
        needed[disk] = needed.get(disk, 0) + job.bytes
        places.setdefault(disk, place)
    return [
        f"the outputs are likely to take {_shown(size)}, but the disk of"
        f" {display_name(places[disk])} has {_shown(free)} left: make room or choose another -o"
        for disk, size in needed.items()
        if size > (free := shutil.disk_usage(places[disk]).free)
    ]


def _standing(folder: Path) -> Path:
    """``folder``, or the nearest above it that is there."""
    absolute = folder.absolute()
    return next(path for path in (absolute, *absolute.parents) if path.exists())


def _shown(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
