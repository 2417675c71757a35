"""Manifests: what workers have made, so that a later run needs no request for it.

``OUT/.sr-batch/manifests/RUN-WORKER-NUMBER.jsonl.gz`` has one line for each output. It is written
once and never changed. A manifest that is lost costs requests, and nothing else.
"""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from uuid import uuid4

from sr_batch.core.errors import ImageError
from sr_batch.distributed.records import Made, Record
from sr_batch.stores.store import Store

STATE = ".sr-batch/"
FOLDER = f"{STATE}manifests/"
_MOST_RECORDS = 1000
_MOST_SECONDS = 60.0
_MOST_BYTES = 64 << 20
_TYPE = "application/gzip"


class ManifestWriter:
    """Collects the records of one worker, and writes them now and then. Thread-safe.

    Args:
        store: Of the outputs.
        run: The run.
        clock: Seconds, of any start.
    """

    def __init__(self, store: Store, run: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._name = f"{FOLDER}{run}-{uuid4().hex[:12]}"
        self._clock = clock
        self._written = 0
        self._records: list[Record] = []
        self._since = clock()
        self._lock = threading.Lock()

    def add(self, record: Record) -> None:
        """Take ``record``; write all that were taken if they are many, or if it is time.

        Raises:
            StorageError: the store takes no more objects.
        """
        with self._lock:
            if not self._records:
                self._since = self._clock()
            self._records.append(record)
            late = self._clock() - self._since >= _MOST_SECONDS
            ready = self._take() if late or len(self._records) >= _MOST_RECORDS else None
        self._write(ready)

    def close(self) -> None:
        """Write the rest. Errors as of `add`."""
        with self._lock:
            ready = self._take() if self._records else None
        self._write(ready)

    def _take(self) -> tuple[str, bytes]:
        lines = (json.dumps([r.key, r.version, *asdict(r.made).values()]) for r in self._records)
        data = gzip.compress("".join(f"{line}\n" for line in lines).encode("ascii"), mtime=0)
        self._written += 1
        self._records = []
        return f"{self._name}-{self._written}.jsonl.gz", data

    def _write(self, ready: tuple[str, bytes] | None) -> None:
        if ready:
            try:
                self._store.publish(*ready, None, {}, _TYPE)
            except ImageError:
                return  # such as a lost answer to an attempt that has stored it


def read_manifests(store: Store) -> Iterator[Record]:
    """All records of ``store``, those of the latest runs first. What cannot be read is left out.

    Raises:
        StorageError: the store fails.
    """
    for item in reversed(list(store.list(FOLDER))):  # one for about 1,000 outputs
        if not item.key.endswith(".jsonl.gz"):
            continue
        try:
            data = store.read(item.key, None, _MOST_BYTES)
            lines = gzip.decompress(data).splitlines()
        except (ImageError, OSError, EOFError):
            continue
        yield from filter(None, map(_record, lines))


def _record(line: bytes) -> Record | None:
    try:
        key, version, *made = json.loads(line)
        return Record(key, version, Made(*made))
    except (TypeError, ValueError):
        return None
