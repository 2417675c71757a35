"""Concurrent calls of one shape, run as one: what a GPU wants and a processor does not.

Nothing waits for a batch to fill. While the device is busy calls gather, and whoever gets the next
turn takes along those of its own shape; so batches are as large as the device makes them.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np

from sr_batch.core.errors import ImageError, OutOfMemory
from sr_batch.inference.session import Around, Batch, Session

# Runs at the same time: the copies of one go beside the computing of another.
AT_ONCE = 2


class _Call:
    """One caller's input, and what becomes of it."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.outcome: Future[Batch] = Future()


class Batching(Around):
    """A `Session` that asks another one for several callers at once.

    Args:
        session: What is asked.
        most: Calls that are run as one; halved, for good, when memory runs out.
    """

    def __init__(self, session: Session, most: int) -> None:
        super().__init__(session)
        self._most = most
        self._turns = AT_ONCE
        self._gathered: list[_Call] = []
        self._changed = threading.Condition()

    def __call__(self, batch: Batch) -> Batch:
        """As the session; (N, C, H, W) float32 to (N, C, H*s, W*s), part of a larger array."""
        call = _Call(batch)
        with self._changed:
            self._gathered.append(call)
            self._changed.wait_for(lambda: call.outcome.done() or self._may_start(call))
            group = [] if call.outcome.done() else self._start(call)
        if group:
            try:
                self._run(group)
            finally:
                with self._changed:
                    self._turns += 1
                    self._changed.notify_all()
        return call.outcome.result()

    def _may_start(self, call: _Call) -> bool:
        return self._turns > 0 and call in self._gathered

    def _start(self, call: _Call) -> list[_Call]:
        """Take a turn, with ``call`` and others of its shape, the oldest first."""
        others = [
            each
            for each in self._gathered
            if each is not call and each.batch.shape == call.batch.shape
        ]
        group = [call, *others[: self._most - 1]]
        self._gathered = [each for each in self._gathered if each not in group]
        self._turns -= 1
        return group

    def _run(self, group: Sequence[_Call]) -> None:
        """Settle every call of ``group``: together, or each by itself where that fails.

        So a failure is its own call's alone, and an exception is raised in one thread only.
        """
        if len(group) == 1 or not self._run_together(group):
            for call in group:
                self._run_alone(call)

    def _run_together(self, group: Sequence[_Call]) -> bool:
        try:
            outputs = self._session(np.concatenate([call.batch for call in group]))
        except (OutOfMemory, MemoryError):
            with self._changed:
                self._most = min(self._most, len(group) // 2)
            return False
        except ImageError:
            return False
        for call, output in zip(group, np.split(outputs, len(group)), strict=True):
            call.outcome.set_result(output)
        return True

    def _run_alone(self, call: _Call) -> None:
        try:
            call.outcome.set_result(self._session(call.batch))
        except BaseException as fault:
            call.outcome.set_exception(fault)
