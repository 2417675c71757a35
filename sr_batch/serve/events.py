"""One stream of server-sent events for each page: what changes, while it changes."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator

from sr_batch.serve.job import Job
from sr_batch.serve.queue import Queue

HEARTBEAT = 15.0  # seconds between two comments of a stream that has nothing to tell
_PAUSE = 0.25  # seconds between two messages about one job, at least


class Events:
    """Tells all streams which jobs changed. Only the last state of a job is sent."""

    def __init__(self) -> None:
        self._streams: set[_Stream] = set()
        self._lock = threading.Lock()
        self._closed = False

    def changed(self, job: Job) -> None:
        """``job`` changed, or is gone. Called from any thread."""
        with self._lock:
            streams = tuple(self._streams)
        for each in streams:
            each.mark(job)

    def close(self) -> None:
        """End all streams. Called from any thread."""
        with self._lock:
            self._closed = True
            streams = tuple(self._streams)
        for each in streams:
            each.end()

    @property
    def is_closed(self) -> bool:
        """Whether the streams are to end."""
        return self._closed

    async def stream(self, queue: Queue) -> AsyncIterator[str]:
        """The text of a stream: first the state of all jobs, then every change."""
        stream = _Stream()
        with self._lock:
            self._streams.add(stream)
        try:
            for job in queue.listed():
                stream.mark(job)
            yield ": sr-batch\n\n"
            while not self._closed:
                jobs = await stream.next()
                yield "".join(_message(job, queue) for job in jobs) or ": still here\n\n"
        finally:
            with self._lock:
                self._streams.discard(stream)


class _Stream:
    """What one client has not been told yet."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._dirty: dict[str, Job] = {}
        self._wake = asyncio.Event()
        self._end = False
        self._lock = threading.Lock()

    def mark(self, job: Job) -> None:
        with self._lock:
            is_first = not self._dirty
            self._dirty[job.id] = job
        if is_first:
            self._call()

    def end(self) -> None:
        self._end = True
        self._call()

    async def next(self) -> list[Job]:
        """The jobs that changed; none after a while without a change."""
        try:
            await asyncio.wait_for(self._wake.wait(), HEARTBEAT)
        except TimeoutError:
            return []
        if not self._end:
            await asyncio.sleep(_PAUSE)
        with self._lock:
            jobs = list(self._dirty.values())
            self._dirty.clear()
            self._wake.clear()
        return jobs

    def _call(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._wake.set)
        except RuntimeError:
            return  # the loop has ended, and the client with it


def _message(job: Job, queue: Queue) -> str:
    if not queue.knows(job):
        return f"event: gone\ndata: {json.dumps({'id': job.id})}\n\n"
    return f"event: job\ndata: {json.dumps(job.to_json(queue.pace(job)))}\n\n"
