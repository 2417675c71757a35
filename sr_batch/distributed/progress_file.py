"""What a run has done so far, in the store of its outputs, for ``sr-batch status``.

``OUT/.sr-batch/runs/ID.json`` is written again every half minute, and at the end. A run that
cannot write it goes on.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from sr_batch.core.errors import SrBatchError
from sr_batch.core.results import Done, JobResult
from sr_batch.distributed.manifests import STATE
from sr_batch.stores.store import Store

FOLDER = f"{STATE}runs/"
_SECONDS = 30.0  # between two writes
_MOST_BYTES = 1 << 20
_TYPE = "application/json"

State = Literal["running", "finished", "stopped"]


@dataclass(frozen=True)
class RunRecord:
    """One run, or one shard of it.

    Attributes:
        run: Identifies it.
        inputs: As they were given.
        shard: Such as ``3/16``; ``1/1`` for a run of all inputs.
        state: ``stopped`` if it was interrupted, or ended by an error.
        started: Seconds since 1970.
        updated: When this was written.
        done: Numbers of results, and so on.
        pixels: Of the inputs that were enlarged.
    """

    run: str
    inputs: tuple[str, ...]
    shard: str
    state: State
    started: float
    updated: float
    done: int = 0
    skipped: int = 0
    failed: int = 0
    not_run: int = 0
    pixels: int = 0


@dataclass
class ProgressFile:
    """Writes the record of one run now and then.

    Attributes:
        store: Of the outputs.
        record: The run at its start.
        clock: Seconds since 1970.
    """

    store: Store
    record: RunRecord
    clock: Callable[[], float] = time.time
    _counts: Counter[str] = field(default_factory=Counter)
    _pixels: int = 0
    _version: str | None = None

    def begin(self) -> None:
        """Write the record of a run without results."""
        self._write("running")

    def add(self, result: JobResult) -> None:
        """Count ``result``; write if it is time."""
        self._counts[result.status] += 1
        if isinstance(result, Done):
            self._pixels += result.input_size.pixels
        if self.clock() - self.record.updated >= _SECONDS:
            self._write("running")

    def end(self, state: State) -> None:
        """Write the last record."""
        self._write(state)

    def _write(self, state: State) -> None:
        self.record = replace(
            self.record,
            state=state,
            updated=self.clock(),
            done=self._counts["done"],
            skipped=self._counts["skipped"],
            failed=self._counts["failed"],
            not_run=self._counts["not_run"],
            pixels=self._pixels,
        )
        data = json.dumps(asdict(self.record)).encode("ascii")
        key = f"{FOLDER}{self.record.run}.json"
        with suppress(SrBatchError):
            self._version = self.store.publish(key, data, self._version, {}, _TYPE)


def read_runs(store: Store) -> Iterator[RunRecord]:
    """All runs that are recorded in ``store``. What cannot be read is left out.

    Raises:
        SrBatchError: the store does not answer, or refuses to list.
    """
    for item in store.list(FOLDER):
        with suppress(SrBatchError, TypeError, ValueError):
            record = RunRecord(**json.loads(store.read(item.key, None, _MOST_BYTES)))
            yield replace(record, inputs=tuple(record.inputs))


def latest(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """The newest run of each shard, among those that divide the same inputs as the newest run."""
    newest_first = sorted(runs, key=lambda run: run.started, reverse=True)
    found: dict[str, RunRecord] = {}
    for run in newest_first:
        if _division(run) == _division(newest_first[0]):
            found.setdefault(run.shard, run)
    return sorted(found.values(), key=lambda run: int(run.shard.partition("/")[0]))


def _division(run: RunRecord) -> tuple[object, ...]:
    return (run.inputs, run.shard.partition("/")[2])
