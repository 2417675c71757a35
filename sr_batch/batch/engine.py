"""The engine: carries out a plan and yields one result for every input, in the order they finish.

A few threads each carry out one job from start to end, so decoding, inference and encoding of
different images overlap. An image that fails is a ``Failed`` result, never an exception.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from sr_batch.batch.crew import Crew
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.following import Follower, Nobody
from sr_batch.batch.image_job import ImageWorker
from sr_batch.batch.job import Job, Notify, log_warning
from sr_batch.batch.loading import Loader, load_file
from sr_batch.batch.planning import Plan
from sr_batch.batch.rest import Entry
from sr_batch.batch.tile_file import sweep_tiles
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import JobResult
from sr_batch.files.part_file import resolved, sweep
from sr_batch.files.reading import PIPE
from sr_batch.files.state_db import FOLDER

_MOST_FOLDERS = 10_000  # that are remembered as swept


def run(
    plan: Plan,
    upscaler: Enlarger,
    options: UpscaleOptions,
    progress: Callable[[int], None],
    stop: threading.Event,
    load: Loader = load_file,
    notify: Notify = log_warning,
    dry: bool = False,
    follower: Follower | None = None,
) -> Iterator[JobResult]:
    """Carry out ``plan``. Yields one result per input, the settled ones first.

    Args:
        plan: From :func:`sr_batch.batch.planning.plan_jobs`.
        upscaler: Enlarges decoded images.
        options: Format, quality, pixel limit.
        progress: Told how many input pixels were finished or restored, from any thread.
        stop: Once set, images in flight are dropped or finished whole, and the others are
            ``NotRun``; inputs that have not been planned have no result.
        load: Opens the input files.
        notify: Told about problems that do not stop the run.
        dry: Decode and write nothing; inputs that would be enlarged are ``Planned``.
        follower: Told what is done on each image.

    Raises:
        SrBatchError: after the last result, the error that ended the run early, such as a full
            disk.
    """
    yield from plan.settled
    crew = Crew(stop)
    worker = ImageWorker(
        upscaler, options, progress, crew.halt, load, notify, plan.ledgers, follower or Nobody()
    )
    entries = chain(plan.jobs, plan.rest or ())
    if dry:
        yield from crew.results(worker.preview, entries, len(plan.jobs))
    else:
        yield from crew.results(worker, _swept(entries), len(plan.jobs))


def copy_late_sidecars(
    plan: Plan,
    upscaler: Enlarger,
    options: UpscaleOptions,
    stop: threading.Event,
    load: Loader = load_file,
    notify: Notify = log_warning,
) -> Iterator[JobResult]:
    """Copy the sidecars that came after their pictures were finished; make no pictures.

    Yields one result for each job of ``plan``: ``Failed`` if its sidecars could not be copied.

    Raises:
        SrBatchError: as :func:`run` does.
    """
    crew = Crew(stop)
    worker = ImageWorker(
        upscaler, options, lambda pixels: None, crew.halt, load, notify, plan.ledgers, Nobody()
    )
    yield from crew.results(worker.copy_late_sidecars, plan.jobs, len(plan.jobs))


def _swept(entries: Iterable[Entry]) -> Iterator[Entry]:
    """``entries``, each after the files of killed runs were removed from its output's folders."""
    swept: set[Path] = set()
    for entry in entries:
        if isinstance(entry, Job):
            for folder, clear in _folders(entry):
                if folder not in swept:
                    clear()
                    swept.add(folder)
        if len(swept) > _MOST_FOLDERS:
            swept.clear()
        yield entry


def _folders(job: Job) -> Iterator[tuple[Path, Callable[[], None]]]:
    """The folders that ``job`` writes to, and what removes old files from each."""
    if job.target != PIPE:
        folder = resolved(job.target).parent
        yield folder, partial(sweep, folder)
    if job.root != PIPE:
        yield job.root / FOLDER, partial(sweep_tiles, job.root)
