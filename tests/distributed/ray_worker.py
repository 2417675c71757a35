"""A worker for tests of the cluster: it repeats pixels, takes its time, and some images kill it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sr_batch.batch.loading import load_file
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.worker import KeyedWorker
from tests.fakes import FakeUpscaler

GATE = "SR_BATCH_TEST_GATE"  # names a file: no image begins while it exists
OPENER = "tests.distributed.ray_worker:open_deadly_worker"
DEADLY = "deadly"
_SECONDS = 0.04  # for an image, so that a kill finds some of them in work


@contextmanager
def open_fake_worker(
    spec: WorkerSpec,
    halt: threading.Event,
    progress: Callable[[int], None],
    notify: Callable[[str], None],
    before: Callable[[str], None] = lambda name: None,
) -> Iterator[KeyedWorker]:
    """As `open_worker`, without a network."""
    worker = KeyedWorker(spec, FakeUpscaler(before=before), halt, progress, notify, load_file)
    yield worker
    worker.close()


@contextmanager
def open_deadly_worker(
    spec: WorkerSpec,
    halt: threading.Event,
    progress: Callable[[int], None],
    notify: Callable[[str], None],
) -> Iterator[KeyedWorker]:
    """A worker whose process is killed by images with `DEADLY` in their names."""
    with open_fake_worker(spec, halt, progress, notify, _suffer) as worker:
        yield worker


def _suffer(name: str) -> None:
    if DEADLY in name:
        os.kill(os.getpid(), signal.SIGKILL)
    while Path(os.environ[GATE]).exists():
        time.sleep(_SECONDS)
    time.sleep(_SECONDS)
