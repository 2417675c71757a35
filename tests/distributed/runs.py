"""Whole runs over stores with a fake network, in this process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sr_batch.batch.loading import load_file
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import JobResult
from sr_batch.core.shard import Shard
from sr_batch.distributed.plan import ALL, Request, plan_run
from sr_batch.distributed.run import results_of
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.threads import ThreadsEngine
from sr_batch.distributed.worker import KeyedWorker
from tests.fakes import FakeUpscaler

Notify = Callable[[str], None]


def opener(upscaler: FakeUpscaler, notify: Notify) -> Callable[..., object]:
    """Opens workers whose network is ``upscaler``."""

    @contextmanager
    def opened(spec: WorkerSpec, halt: threading.Event) -> Iterator[KeyedWorker]:
        worker = KeyedWorker(spec, upscaler, halt, lambda pixels: None, notify, load_file)
        try:
            yield worker
        finally:
            worker.close()

    return opened


def go(
    *inputs: str,
    output: str | None,
    endpoint: str = "",
    upscaler: FakeUpscaler | None = None,
    options: UpscaleOptions | None = None,
    shard: Shard = ALL,
    stop: threading.Event | None = None,
    threads: int = 4,
    said: list[str] | None = None,
) -> list[JobResult]:
    """All results of one run."""
    request = Request(inputs, output, options or UpscaleOptions(), endpoint, shard)
    engine = ThreadsEngine(
        opener(upscaler or FakeUpscaler(), (said if said is not None else []).append),  # type: ignore[arg-type]
        threads,
    )
    plan = plan_run(request)
    results = list(results_of(plan, engine, stop or threading.Event()))
    assert len(results) == plan.found.planned
    return results
