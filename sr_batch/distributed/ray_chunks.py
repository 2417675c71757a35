"""Which jobs travel together to a worker, and what happens to those that are lost with one.

Pure decisions: this module knows neither Ray nor processes.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sr_batch.distributed.ray_messages import NumberedJob

MOST_ALONE = 3  # times that a job may end its worker while it is the only one there
_MOST_LOSSES = 8  # times that a job may be lost alone for any reason, such as nodes that go
_FIRST = 8
_LARGEST = 64
_SECONDS = 4.0  # of work in a chunk: results, progress and the end of the run come in such steps
_DEPTH = 2  # chunks at a worker: one in work, one that waits there


@dataclass(frozen=True)
class Chunk:
    """Jobs that travel together. A suspect travels alone, to a worker that does nothing else."""

    tasks: tuple[NumberedJob, ...]
    is_suspect: bool = False


class ChunkQueue:
    """The jobs that no worker has."""

    def __init__(self) -> None:
        self._waiting: deque[NumberedJob] = deque()
        self._suspects: deque[NumberedJob] = deque()
        self._crashes: Counter[int] = Counter()
        self._losses: Counter[int] = Counter()
        self._pace: float | None = None  # seconds for a job in one worker
        self.is_closed = False

    def __len__(self) -> int:
        return len(self._waiting) + len(self._suspects)

    def add(self, tasks: Iterable[NumberedJob], last: bool) -> None:
        """Take jobs from the run; ``last`` says that no more will come."""
        self._waiting.extend(tasks)
        self.is_closed = self.is_closed or last

    def room(self, workers: int) -> int:
        """How many more jobs to ask for, so that no worker waits; 0 while there are enough."""
        enough = 2 * _DEPTH * self._largest() * max(1, workers)
        return 0 if self.is_closed or 2 * len(self) > enough else enough - len(self)

    def take(self, busy: Sequence[Chunk], workers: int) -> Chunk | None:
        """The next chunk for a worker that has the chunks ``busy``; None if it gets no more now.

        Near the end, and when there are few jobs, chunks are small: all ``workers`` get some.
        """
        if any(chunk.is_suspect for chunk in busy):
            return None
        if self._suspects:  # whoever has finished its chunks takes one
            return None if busy else Chunk((self._suspects.popleft(),), is_suspect=True)
        if len(busy) >= _DEPTH or not self._waiting:
            return None
        share = -(-len(self._waiting) // (_DEPTH * max(1, workers)))
        size = min(self._largest(), share)
        return Chunk(tuple(self._waiting.popleft() for _ in range(size)))

    def finished(self, chunk: Chunk, seconds: float) -> None:
        """Learn from a chunk how long jobs take."""
        pace = seconds / len(chunk.tasks)
        self._pace = pace if self._pace is None else 0.7 * self._pace + 0.3 * pace

    def lost(self, chunks: Sequence[Chunk], by_itself: bool) -> list[NumberedJob]:
        """Take back the chunks of a worker that has ended, in the order that it was given them.

        Only the first one is suspicious: the worker had hardly begun the next one.

        Args:
            chunks: What it had.
            by_itself: Whether the process has ended, and not its node.

        Returns:
            Jobs that are given up: they have ended too many workers.
        """
        given_up: list[NumberedJob] = []
        for place, chunk in enumerate(chunks):
            if place or (not by_itself and not chunk.is_suspect):
                self._waiting.extendleft(reversed(chunk.tasks))
            elif chunk.is_suspect and self._is_guilty(chunk.tasks[0], by_itself):
                given_up += chunk.tasks
            else:
                self._suspects.extend(chunk.tasks)
        return given_up

    def crashes(self, task: NumberedJob) -> int:
        """How many processes ended while ``task`` was alone in them."""
        return self._crashes[task.number]

    def empty(self) -> list[NumberedJob]:
        """All jobs, which leave the queue."""
        tasks = [*self._suspects, *self._waiting]
        self._suspects.clear()
        self._waiting.clear()
        return tasks

    def _is_guilty(self, task: NumberedJob, by_itself: bool) -> bool:
        self._crashes[task.number] += by_itself
        self._losses[task.number] += 1
        return self._crashes[task.number] >= MOST_ALONE or self._losses[task.number] >= _MOST_LOSSES

    def _largest(self) -> int:
        if self._pace is None:
            return _FIRST
        return max(1, min(_LARGEST, int(_SECONDS / max(self._pace, 1e-6))))
