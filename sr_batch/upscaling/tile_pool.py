"""The threads that compute the tiles of all images, and smaller tiles after memory ran out."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

from sr_batch.core.errors import OutOfMemory, Stopped
from sr_batch.core.geometry import Region, Tile
from sr_batch.core.options import MIN_TILE


@dataclass(frozen=True)
class TileJob:
    """The work on the tiles of one image.

    Attributes:
        work: Computes one tile. When memory runs out, it is called again for parts of the tile.
        split: Cuts a core into tiles with cores of at most the given side in pixels.
        done: Receives the number of pixels of every finished core.
        stop: Stops the job before its next tile. ``work`` ends the tile in flight.
    """

    work: Callable[[Tile], None]
    split: Callable[[Region, int], Sequence[Tile]]
    done: Callable[[int], None]
    stop: threading.Event


class TilePool:
    """Threads shared by all images of a run. Reports once, in one line, that memory ran out."""

    def __init__(self, threads: int, notify: Callable[[str], None]) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="tile")
        self._notify = notify
        self._lock = threading.Lock()
        self._longest: int | None = None  # side of a core, known once memory has run out

    def run(self, job: TileJob, tiles: Sequence[Tile]) -> None:
        """Run ``job`` for all ``tiles``; returns or raises when no tile is in flight any more.

        Raises:
            Stopped: the job's stop event was set.
            OutOfMemory: not even the smallest tile fits into memory.
        """
        futures = [self._pool.submit(self._do, job, tile) for tile in tiles]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        except KeyboardInterrupt:  # in a program that calls an upscaler from its main thread
            job.stop.set()
            raise
        started = [future for future in futures if not future.cancel()]
        wait(started)
        for future in started:
            future.result()

    def close(self) -> None:
        """Wait for the tiles in flight and end the threads."""
        self._pool.shutdown(cancel_futures=True)

    def _do(self, job: TileJob, tile: Tile) -> None:
        if job.stop.is_set():
            raise Stopped
        side = max(tile.core.size.width, tile.core.size.height)
        if self._longest is None or side <= self._longest:
            try:
                job.work(tile)
            except (OutOfMemory, MemoryError) as fault:
                self._halve(side, fault)
            else:
                job.done(tile.core.size.pixels)
                return
        for part in job.split(tile.core, self._longest or side):
            self._do(job, part)

    def _halve(self, side: int, fault: Exception) -> None:
        if side <= MIN_TILE:
            raise OutOfMemory(
                f"out of memory even with tiles of {side} pixels; free some memory or lower --jobs"
            ) from fault
        half = max(MIN_TILE, (side + 1) // 2)
        with self._lock:
            if self._longest is None:
                self._notify(
                    f"out of memory with tiles of {side} pixels, continuing with smaller ones;"
                    f" to start with these: --tile {half}"
                )
            self._longest = min(half, self._longest or half)
