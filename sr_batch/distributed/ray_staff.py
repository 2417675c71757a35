"""The workers of a run on a Ray cluster: how many there are, and which of them may work."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.distributed.ray_actor import Opened, own_version
from sr_batch.distributed.ray_chunks import Chunk
from sr_batch.distributed.ray_cluster import Cluster, Hand, Lost
from sr_batch.distributed.ray_messages import RaySettings
from sr_batch.distributed.spec import WorkerSpec

_LOOK = 2.0  # seconds between two looks at the nodes
_MOST_BAD_STARTS = 3
_PATIENCE = 60.0  # seconds without a worker, until the user is told


@dataclass
class Worker:
    """A worker and what it was given.

    Attributes:
        opening: The call that opens it; None once it is ready.
        node: Where it is, once it is ready.
        calls: Its chunks in the order that it was given them, by their calls.
        leaves: Whether its node is about to be taken away.
    """

    hand: Hand
    opening: Any
    node: str = ""
    calls: dict[Any, Chunk] = field(default_factory=dict)
    leaves: bool = False


class Staff:
    """Hires workers while nodes have room, and lets those go whose nodes are taken away.

    Args:
        cluster: Has the nodes.
        settings: What the user asked for.
        spec: For the workers.
        say: Tells the user.

    Attributes:
        workers: All that were hired and have not ended.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: RaySettings,
        spec: WorkerSpec,
        say: Callable[[str], None],
    ) -> None:
        self.workers: list[Worker] = []
        self._cluster = cluster
        self._settings, self._spec = settings, spec
        self._say = say
        self._bad_starts: list[Opened] = []
        self._next_look = 0.0
        self._without_worker = time.monotonic()

    @property
    def ready(self) -> list[Worker]:
        """Those that are open, also on nodes that are about to be taken away."""
        return [worker for worker in self.workers if worker.opening is None]

    def look(self, most: int | None) -> None:
        """Now and then, hire and let go, so that there are as many workers as nodes have room for.

        Args:
            most: Workers that have something to do; None if there is more than enough.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK
        draining = self._cluster.draining()
        self._let_go(draining)
        room = self._settings.workers or max(1, self._cluster.room(draining))
        wanted = room if most is None else min(most, room)
        staying = sum(not worker.leaves for worker in self.workers)
        for _ in range(wanted - len(self._bad_starts) - staying):
            hand = self._cluster.hire(self._spec)
            self.workers.append(Worker(hand, hand.begin("open")))
        self._tell_of_waiting()

    def opened(self, worker: Worker) -> None:
        """Take a worker in that has answered to its opening.

        Raises:
            Lost: it has ended.
            SrBatchError: no worker can be opened.
        """
        opened: Opened = self._cluster.answer(worker.opening)
        worker.opening, worker.node = None, opened.node
        if opened.version != (here := own_version()):
            text = f"sr-batch {opened.version} is on the nodes and {here} here: install one of them"
            opened = Opened(opened.node, opened.version, text, UsageError.exit_code)
        if opened.error:
            self._dismiss(worker)
            self._bad_start(opened)

    def lost(self, worker: Worker, loss: Lost) -> None:
        """Strike off a worker that has ended; the next look replaces it.

        Raises:
            SrBatchError: no worker can be opened.
        """
        self._dismiss(worker)
        self._next_look = 0.0
        if worker.opening is not None and loss.by_itself:
            self._bad_start(Opened("", "", _start_problem(loss)))

    def close(self) -> None:
        """End all workers that have nothing to do, after they have stored their last records."""
        self._end([worker for worker in self.ready if not worker.calls])

    def _let_go(self, draining: frozenset[str]) -> None:
        """Mark the workers on nodes that drain, and end them once they are idle."""
        for worker in self.workers:
            worker.leaves = worker.leaves or worker.node in draining
            if worker.leaves:
                self._say(
                    f"the node {worker.node[:12]} is about to be taken away: its workers finish"
                    " what they have, and others do the rest"
                )
        idle = [worker for worker in self.workers if worker.leaves and not worker.calls]
        self.workers = [worker for worker in self.workers if worker not in idle]
        self._end(idle)

    def _end(self, workers: list[Worker]) -> None:
        for problem in self._cluster.close([worker.hand for worker in workers]):
            self._say(problem)

    def _dismiss(self, worker: Worker) -> None:
        self.workers.remove(worker)
        self._cluster.dismiss(worker.hand)

    def _tell_of_waiting(self) -> None:
        if self.ready:
            self._without_worker = time.monotonic()
        elif time.monotonic() - self._without_worker > _PATIENCE:
            want = self._settings
            gpus = f" and {want.gpus:g} of a GPU" if want.gpus else ""
            self._say(
                f"waiting for a node with {want.cpus} free core{'s' * (want.cpus > 1)}{gpus}: see"
                " `ray status`, or lower --worker-cpus or --worker-gpus"
            )

    def _bad_start(self, opened: Opened) -> None:
        """Hire one worker less. A network or a store that no worker can open ends the run.

        Raises:
            SrBatchError: it does.
        """
        self._bad_starts.append(opened)
        if self.ready:
            self._say(f"a worker less: {opened.error}")
        elif len(self._bad_starts) >= _MOST_BAD_STARTS or opened.exit_code == UsageError.exit_code:
            error = SrBatchError(f"no worker can begin: {opened.error}")
            error.exit_code = opened.exit_code or error.exit_code
            raise error


def _start_problem(loss: Lost) -> str:
    if "sr_batch" in str(loss):
        return f"the nodes have no sr-batch, or another one: install {own_version()} there ({loss})"
    return f"workers end while they start ({loss})"
