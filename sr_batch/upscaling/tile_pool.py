"""The threads that compute the tiles of all images, and smaller tiles after memory ran out."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

from sr_batch.core.errors import OutOfMemory, Stopped
from sr_batch.core.geometry import Region, Tile
from sr_batch.core.options import MIN_TILE

_TICK = 0.1  # seconds between two looks at the stop event of a picture that waits for its turn


@dataclass(frozen=True)
class TileJob:
    """The work on the tiles of one image.

    Attributes:
        work: Computes one tile. When memory runs out, it is called again for parts of the tile.
        split: Cuts a core into tiles with cores of at most the given side in pixels.
        done: Receives the number of pixels of every finished core.
        stop: Stops the job before its next tile. ``work`` ends the tile in flight.
        most: Tiles in flight at a time; None for as many as the pool has threads.
        network: What computes them. The size that fits into memory is remembered for each.
    """

    work: Callable[[Tile], None]
    split: Callable[[Region, int], Sequence[Tile]]
    done: Callable[[int], None]
    stop: threading.Event
    most: int | None = None
    network: str = ""


class TilePool:
    """Threads shared by all images. Reports once for each network that memory ran out.

    The order is fair. Every second tile is of the image that has waited for the longest time, the
    others are of the image with the fewest pixels left. So a small image passes a large one, and
    images of one size are finished one after the other.
    """

    def __init__(self, threads: int, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._runs: list[_Run] = []  # those with tiles that wait, the oldest first
        self._active: set[_Run] = set()
        self._turn = 0
        self._closed = False
        self._lock = threading.Lock()
        self._longest: dict[str, int] = {}  # side of a core, known once memory has run out
        self.grow(threads)

    def grow(self, threads: int) -> None:
        """Have at least so many threads."""
        with self._changed:
            for _ in range(threads - len(self._threads)):
                # Idle threads must not keep the program from ending.
                thread = threading.Thread(target=self._serve, name="tile", daemon=True)
                self._threads.append(thread)
                thread.start()

    def run(self, job: TileJob, tiles: Sequence[Tile]) -> None:
        """Run ``job`` for all ``tiles``; returns or raises when no tile is in flight any more.

        Raises:
            Stopped: the job's stop event was set, or the pool was closed.
            OutOfMemory: not even the smallest tile fits into memory.
        """
        if not tiles:
            return
        run = _Run(job, tiles)
        with self._changed:
            if self._closed:
                raise Stopped
            self._runs.append(run)
            self._active.add(run)
            self._changed.notify(len(run.waiting))
        try:
            self._wait(run)
            run.ended.result()
        except KeyboardInterrupt:  # in a program that calls an upscaler from its main thread
            job.stop.set()
            self._fail(run, Stopped())
            raise
        finally:
            del run  # an exception would keep the picture in memory, by its traceback

    def _wait(self, run: "_Run") -> None:
        while not wait([run.ended], timeout=_TICK).done:
            if run.job.stop.is_set():
                self._fail(run, Stopped())

    @property
    def waiting(self) -> int:
        """How many images have tiles that wait for a thread."""
        with self._changed:
            return len(self._runs)

    def forget(self) -> None:
        """Try tiles of all sizes again: there may be more memory now."""
        with self._lock:
            self._longest.clear()

    def close(self) -> None:
        """Stop all jobs, wait for their tiles in flight and end the threads."""
        with self._changed:
            self._closed = True
            runs = tuple(self._active)
            self._changed.notify_all()
        for run in runs:
            run.job.stop.set()
            self._fail(run, Stopped())
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while (taken := self._take()) is not None:
            run, tile = taken
            try:
                self._do(run.job, tile)
            except BaseException as fault:
                self._fail(run, fault)
            self._finish(run)
            del run, tile, taken  # or an idle thread would keep the last picture in memory

    def _take(self) -> "tuple[_Run, Tile] | None":
        """Wait for a tile; None when the pool is closed."""
        with self._changed:
            while not self._closed:
                ready = [run for run in self._runs if run.may_start]
                if ready:
                    self._turn += 1
                    run = ready[0] if self._turn % 2 else min(ready, key=_pixels_left)
                    tile = run.start()
                    if not run.waiting:
                        self._runs.remove(run)
                    return run, tile
                self._changed.wait()
            return None

    def _finish(self, run: "_Run") -> None:
        """A tile of ``run`` is in flight no more."""
        with self._changed:
            run.in_flight -= 1
            if run.is_over:
                self._end(run)
            else:
                self._changed.notify()

    def _fail(self, run: "_Run", fault: BaseException) -> None:
        """Drop the tiles of ``run`` that wait. It ends with its tiles in flight."""
        with self._changed:
            run.fault = run.fault or fault
            run.waiting.clear()
            if run in self._runs:
                self._runs.remove(run)
            if run.is_over:
                self._end(run)

    def _end(self, run: "_Run") -> None:
        self._active.discard(run)
        run.end()

    def _do(self, job: TileJob, tile: Tile) -> None:
        if job.stop.is_set():
            raise Stopped
        side = max(tile.core.size.width, tile.core.size.height)
        longest = self._longest.get(job.network)
        if longest is None or side <= longest:
            try:
                job.work(tile)
            except (OutOfMemory, MemoryError) as fault:
                longest = self._halve(job.network, side, fault)
            else:
                job.done(tile.core.size.pixels)
                return
        for part in job.split(tile.core, longest):
            self._do(job, part)

    def _halve(self, network: str, side: int, fault: Exception) -> int:
        """The longest side of a core from now on."""
        if side <= MIN_TILE:
            raise OutOfMemory(
                f"out of memory even with tiles of {side} pixels; free some memory or lower --jobs"
            ) from fault
        half = max(MIN_TILE, (side + 1) // 2)
        with self._lock:
            if network not in self._longest:
                self._notify(
                    f"out of memory with tiles of {side} pixels, continuing with smaller ones;"
                    f" to start with these: --tile {half}"
                )
            self._longest[network] = min(half, self._longest.get(network, half))
            return self._longest[network]


class _Run:
    """The tiles of one image in a pool. The pool's lock protects it.

    Attributes:
        waiting: Tiles that nobody has started.
        pixels: Of the cores of the waiting tiles.
        in_flight: Number of tiles that threads compute.
        fault: What the run ends with.
        ended: Done when no tile is in flight any more.
    """

    def __init__(self, job: TileJob, tiles: Sequence[Tile]) -> None:
        self.job = job
        self.waiting = deque(tiles)
        self.pixels = sum(tile.core.size.pixels for tile in tiles)
        self.in_flight = 0
        self.fault: BaseException | None = None
        self.ended: Future[None] = Future()

    @property
    def may_start(self) -> bool:
        """Whether another tile may be in flight."""
        return bool(self.waiting) and (self.job.most is None or self.in_flight < self.job.most)

    @property
    def is_over(self) -> bool:
        return not self.waiting and not self.in_flight

    def start(self) -> Tile:
        """Take the next tile."""
        tile = self.waiting.popleft()
        self.pixels -= tile.core.size.pixels
        self.in_flight += 1
        return tile

    def end(self) -> None:
        if self.ended.done():
            return
        if self.fault is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(self.fault)


def _pixels_left(run: _Run) -> int:
    return run.pixels
