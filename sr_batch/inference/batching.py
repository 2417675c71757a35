"""Runs concurrent calls of the same shape as one batch: faster on a GPU, but not on a CPU.

No call waits for a batch to fill. Calls gather while the device is busy; the one that gets the next
turn takes the waiting calls of its shape along. The busier the device, the larger the batches.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np

from sr_batch.core.errors import ImageError, OutOfMemory
from sr_batch.inference.session import Batch, Session, SessionWrapper

# Batches in flight: the device copies the data of one while it computes another.
AT_ONCE = 2


class _Call:
    """One caller's input, and its output or exception."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.outcome: Future[Batch] = Future()


class Batching(SessionWrapper):
    """A `Session` that calls another one for several callers together.

    Args:
        session: The session to call.
        most: Largest number of calls in a batch; halved for good when memory runs out.
    """

    def __init__(self, session: Session, most: int) -> None:
        super().__init__(session)
        self._most = most
        self._turns = AT_ONCE
        self._gathered: list[_Call] = []
        self._changed = threading.Condition()

    def __call__(self, batch: Batch) -> Batch:
        """Map (N, C, H, W) float32 to (N, C, H*s, W*s), a view of the whole batch's output."""
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
        """Take a turn for ``call`` and the oldest waiting calls of its shape."""
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
        """Run all calls of ``group`` together, or one by one if that fails.

        An error therefore reaches only the caller it belongs to.
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
