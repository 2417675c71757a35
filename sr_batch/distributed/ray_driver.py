"""The program of the Ray driver, a child process of the run.

The library of Ray ends its process when the cluster is lost. Here it ends this one, and the run
still prints its sums. Requests come on standard input, answers go to standard output.
"""

import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from sr_batch.batch.decoder_process import receive, send
from sr_batch.core.errors import ClusterLost, SrBatchError
from sr_batch.core.results import Failed, NotRun, one_line
from sr_batch.distributed.ray_actor import Answer
from sr_batch.distributed.ray_chunks import ChunkQueue
from sr_batch.distributed.ray_cluster import CONNECTION_ERRORS, Cluster, Lost
from sr_batch.distributed.ray_messages import (
    Begin,
    Connected,
    Ended,
    Finished,
    FromDriver,
    NumberedJob,
    Said,
    Stop,
    Tasks,
    ToDriver,
    Wanted,
)
from sr_batch.distributed.ray_staff import Staff, Worker

_TICK = 0.1  # seconds between two looks at what the run says
_GRACE = 10.0  # seconds for images in flight after a stop


class Driver:
    """Gives jobs to workers until the run has all results.

    Args:
        begin: From the run.
        heard: What the run says after that.
        tell: Sends a message to the run.
    """

    def __init__(
        self,
        begin: Begin,
        heard: "queue.SimpleQueue[ToDriver]",
        tell: Callable[[FromDriver], None],
    ) -> None:
        self._settings, self._spec = begin.settings, begin.spec
        self._heard = heard
        self._tell = tell
        self._cluster = Cluster(begin.settings)
        self._queue = ChunkQueue()
        self._staff = Staff(self._cluster, self._settings, self._spec, self._say)
        self._asked = False  # for jobs, without an answer yet
        self._stopping: float | None = None  # when the stop came
        self._reason = "the run was stopped"
        self._said: set[str] = set()

    def run(self) -> None:
        """Until all jobs have results.

        Raises:
            SrBatchError: no worker can be opened.
        """
        self._tell(Connected(self._cluster.dashboard))
        while not self._is_over():
            self._hear()
            self._ask()
            if self._stopping is None:
                self._staff.look(self._useful())
                self._hand_out()
            self._collect()
        self._close()

    def _is_over(self) -> bool:
        busy = any(worker.calls for worker in self._staff.workers)
        if self._stopping is not None:
            return not busy or time.monotonic() - self._stopping > _GRACE
        return self._queue.is_closed and not len(self._queue) and not busy

    def _hear(self) -> None:
        with suppress(queue.Empty):
            while True:
                match self._heard.get_nowait():
                    case Tasks(tasks, last):
                        self._asked = False
                        self._queue.add(tasks, last)
                    case Stop():
                        self._stop("the run was stopped")

    def _ask(self) -> None:
        room = self._queue.room(len(self._staff.workers))
        if room and not self._asked and self._stopping is None:
            self._asked = True
            self._tell(Wanted(room))

    def _stop(self, reason: str) -> None:
        if self._stopping is None:
            self._stopping, self._reason = time.monotonic(), reason
            for worker in self._staff.ready:
                worker.hand.begin("halt")

    def _useful(self) -> int | None:
        """How many workers have something to do near the end of the run; None before that."""
        if not self._queue.is_closed:
            return None
        return len(self._queue) + sum(bool(worker.calls) for worker in self._staff.workers)

    # Work goes out and comes back

    def _hand_out(self) -> None:
        workers = [worker for worker in self._staff.ready if not worker.leaves]
        for depth in range(2):
            for worker in workers:
                if len(worker.calls) == depth:
                    self._give(worker, len(workers))

    def _give(self, worker: Worker, workers: int) -> None:
        chunk = self._queue.take(list(worker.calls.values()), workers)
        if chunk:
            jobs = [one.job for one in chunk.tasks]
            worker.calls[worker.hand.begin("work", jobs)] = chunk

    def _collect(self) -> None:
        of_call = {call: worker for worker in self._staff.workers for call in worker.calls}
        of_call |= {each.opening: each for each in self._staff.workers if each.opening is not None}
        if not of_call:
            time.sleep(_TICK)
            return
        for call in self._cluster.wait(list(of_call), _TICK):
            worker = of_call[call]
            try:
                self._take_back(worker, call)
            except Lost as loss:
                self._lose(worker, loss)

    def _take_back(self, worker: Worker, call: Any) -> None:
        if call not in worker.calls:
            self._staff.opened(worker)
            return
        answer: Answer = self._cluster.answer(call)
        chunk = worker.calls.pop(call)
        self._queue.finished(chunk, answer.seconds)
        numbers = (one.number for one in chunk.tasks)
        self._tell(Finished(tuple(zip(numbers, answer.results, strict=True)), answer.pixels))
        self._say(*answer.notes)
        for result in answer.results:
            if isinstance(result, Failed) and result.cause == "disk":
                self._stop(f"the run ended: {result.error}")

    def _lose(self, worker: Worker, loss: Lost) -> None:
        self._staff.lost(worker, loss)
        given_up = self._queue.lost(list(worker.calls.values()), loss.by_itself)
        if self._stopping is None:
            self._tell(Finished(tuple((one.number, self._failed(one, loss)) for one in given_up)))

    def _failed(self, one: NumberedJob, loss: Lost) -> Failed:
        crashes, name = self._queue.crashes(one), self._input(one)
        text = (
            f"{one_line(name)}: its worker ended without an answer {crashes} times, while it worked"
            f" on nothing else ({loss}): upscale it alone, or leave it out with --exclude"
        )
        return Failed(name, None, text)

    def _input(self, one: NumberedJob) -> str:
        return self._spec.sources[one.job.place].below(one.job.source.key)

    def _close(self) -> None:
        """Answer for the jobs that were not carried out, and end the workers."""
        tasks = [
            one
            for worker in self._staff.workers
            for chunk in worker.calls.values()
            for one in chunk.tasks
        ]
        tasks += self._queue.empty()
        self._tell(
            Finished(
                tuple((one.number, NotRun(self._input(one), None, self._reason)) for one in tasks)
            )
        )
        self._staff.close()

    def _say(self, *texts: str) -> None:
        for text in texts:
            if text not in self._said:
                self._said.add(text)
                self._tell(Said(text))


def main() -> None:
    """Carry out one run."""
    answers = _answers()
    heard: queue.SimpleQueue[ToDriver] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(heard,), daemon=True).start()

    def tell(message: FromDriver) -> None:
        send(answers, message)

    try:
        begin = heard.get()
        assert isinstance(begin, Begin)
        Driver(begin, heard, tell).run()
        tell(Ended())
    except SrBatchError as error:
        tell(Ended(one_line(str(error)), error.exit_code))
    except CONNECTION_ERRORS as error:
        tell(Ended(one_line(f"the connection ended: {error}"), ClusterLost.exit_code))
    except Exception as error:
        text = f"{type(error).__name__}: {error} (a bug in sr-batch: please report it)"
        tell(Ended(one_line(text), SrBatchError.exit_code))
    os._exit(0)  # Ray's own way out takes seconds, and workers end with this process


def _answers() -> IO[bytes]:
    """Standard output, for messages only: what Ray prints goes to standard error, a file."""
    file = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return file


def _listen(heard: "queue.SimpleQueue[ToDriver]") -> None:
    """Queue what the run says. When the run ends, end this process."""
    try:
        while True:
            heard.put(receive(sys.stdin.buffer))
    finally:
        os._exit(0)
