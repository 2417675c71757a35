"""The threads that enlarge: they take one job of the queue after the other."""

import threading
import time
import traceback
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from sr_batch.batch.decoder_pool import DecoderPool
from sr_batch.batch.enlarge_file import enlarge_file
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.loading import LoadedFile, Loader
from sr_batch.batch.memory_gate import MemoryGate
from sr_batch.batch.verify import require_same_pictures
from sr_batch.core.cpu import cores
from sr_batch.core.errors import SrBatchError, Stopped, about
from sr_batch.serve.job import Job
from sr_batch.serve.problems import Problem, problem_of
from sr_batch.serve.queue import CANCELED, Queue
from sr_batch.serve.store import Store
from sr_batch.upscaling.auto_upscaler import AutoUpscaler
from sr_batch.upscaling.upscaler_pool import UpscalerPool

# One more thread takes small pictures only, as the others may all be busy with large ones.
_SMALL_PIXELS = 16_000_000
_PATIENCE = 5.0  # seconds for all threads to end


class Workers:
    """Use as a context manager: the threads run inside the block.

    Args:
        queue: Where the jobs come from.
        store: Where results go.
        pool: The networks.
        gate: Limits the memory of all work together.
        threads: How many jobs run at once, beside a small one; one for each core if None.
    """

    def __init__(
        self,
        queue: Queue,
        store: Store,
        pool: UpscalerPool,
        gate: MemoryGate,
        threads: int | None = None,
    ) -> None:
        self._queue = queue
        self._store = store
        self._pool = pool
        self._gate = gate
        self._lanes = [_Lane() for _ in range(threads or cores())]
        self._lanes.append(_Lane(_SMALL_PIXELS))
        self._threads = [
            threading.Thread(target=self._work, args=(lane,), name="job", daemon=True)
            for lane in self._lanes
        ]

    def __enter__(self) -> "Workers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.close()
        deadline = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def release(self) -> None:
        """End the decoder processes that no job needs now."""
        for lane in self._lanes:
            lane.load.release()

    def _work(self, lane: "_Lane") -> None:
        with lane.load:
            while job := self._queue.take(lane.most_pixels, lane.stop):
                try:
                    self._run(job, lane)
                except Stopped:
                    self._queue.fail(job, CANCELED)
                except Problem as problem:
                    self._queue.fail(job, problem)
                except SrBatchError as error:
                    self._queue.fail(job, problem_of(error))
                except MemoryError:
                    self._queue.fail(job, Problem(503, f"{job.name}: out of memory"))
                except Exception:
                    traceback.print_exc()  # a bug must not end the thread
                    self._queue.fail(job, Problem(500, f"{job.name}: an unexpected error"))

    def _run(self, job: Job, lane: "_Lane") -> None:
        options, plan = job.options.chosen, job.plan
        peak = plan.peak_bytes(job.file.size, options.verify)
        with self._gate.hold(peak, lane.stop), self._pool.using(options) as upscaler:
            data = job.file.read()
            source = _Source(data, job.name, options.max_pixels, lane.load)
            enlarger, notes = _chosen(upscaler, source)
            advance = partial(self._queue.advance, job)
            with source.opened() as file:
                encoded = enlarge_file(
                    file, enlarger, options, plan.kind, job.name, advance, lane.stop
                )
            if options.verify:
                with source.opened() as file, about(job.name):
                    bound = enlarger.bound
                    require_same_pictures(encoded.data, plan.sizes, file.pages(), bound)
            precision = enlarger.precision(plan.header.size)
        if lane.stop.is_set():
            raise Stopped
        result = self._store.keep(encoded.data)
        self._queue.finish(job, result, (*notes, *encoded.notes), enlarger.model, precision)


@dataclass(frozen=True)
class _Source:
    """The bytes of an input, which can be opened more than once."""

    data: bytes
    name: str
    max_pixels: int
    load: Loader

    def opened(self) -> AbstractContextManager[LoadedFile]:
        return self.load(self.data, self.name, self.max_pixels)


def _chosen(upscaler: Enlarger, source: _Source) -> tuple[Enlarger, tuple[str, ...]]:
    """With the model ``auto``, the upscaler that suits the first picture, and why."""
    if not isinstance(upscaler, AutoUpscaler):
        return upscaler, ()
    with source.opened() as file:
        first = next(file.pages())
    chosen = upscaler.chosen_for(first)
    return chosen.upscaler, chosen.notes_for(first.size)


class _Lane:
    """What a thread has of its own: the stop of its job, and the decoders that obey it."""

    def __init__(self, most_pixels: int | None = None) -> None:
        self.most_pixels = most_pixels
        self.stop = threading.Event()
        self.load = DecoderPool(self.stop)
