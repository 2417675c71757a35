"""Whole runs of the engine in the current folder, and the files that they write."""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

from sr_batch.batch.engine import run
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, JobResult
from tests.fakes import FakeUpscaler, save_picture

Progress = Callable[[int], None]

OPTIONS = UpscaleOptions()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def go(
    *inputs: str,
    output: str | None = None,
    upscaler: FakeUpscaler | None = None,
    options: UpscaleOptions = OPTIONS,
    stop: threading.Event | None = None,
    said: list[str] | None = None,
    progress: Progress = lambda pixels: None,
) -> list[JobResult]:
    upscaler = upscaler or FakeUpscaler()
    notify = pytest.fail if said is None else said.append
    stop = stop or threading.Event()
    claim = not stop.is_set()
    plan = plan_jobs(inputs, output, options, upscaler.model, notify, claim=claim)
    results = list(run(plan, upscaler, options, progress, stop, notify=notify))
    assert len(results) == len(plan.jobs) + len(plan.settled)
    return results


def count(results: list[JobResult]) -> dict[str, int]:
    return dict(Counter(result.status for result in results))


def errors(results: list[JobResult]) -> list[str]:
    return sorted(result.error for result in results if isinstance(result, Failed))


def tree(folder: str) -> list[str]:
    """All files below ``folder``, without the state folder."""
    paths = (path.relative_to(folder) for path in Path(folder).rglob("*") if not path.is_dir())
    return sorted(str(path) for path in paths if ".sr-batch" not in path.parts)


def photos(count: int = 3, folder: str = "in") -> list[Path]:
    return [save_picture(Path(folder, f"{number}.png"), number) for number in range(count)]


def is_whole(path: Path) -> bool:
    with Pillow.open(path) as picture:
        picture.load()
    return True
