"""What the driver tells its workers, and the form of an engine."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import JobResult
from sr_batch.distributed.job import KeyedJob
from sr_batch.stores.location import Place


@dataclass(frozen=True)
class WorkerSpec:
    """All that a worker needs, on this machine or on another one. Can be pickled.

    Attributes:
        sources: Where inputs are.
        target: Where outputs go.
        options: Of the run.
        run: Identifies the run.
        file: Key of the only output, if ``-o`` names a file.
        dry: Whether nothing is made, and results are ``Planned``.
        named: URLs and paths of inputs that were named; no output may replace them.
    """

    sources: tuple[Place, ...]
    target: Place
    options: UpscaleOptions
    run: str
    file: str = ""
    dry: bool = False
    named: frozenset[str] = frozenset()


Engine = Callable[[WorkerSpec, Iterator[KeyedJob], threading.Event], Iterator[JobResult]]
"""Carries out jobs: each gives exactly one result, in the order they finish.

Once the event is set, jobs that were not begun are ``NotRun``, and no more are taken. A ``Failed``
with the cause ``disk`` ends the run as well.
"""
