import threading
import time

import numpy as np
import pytest

from sr_batch.batch.memory_gate import MemoryGate
from sr_batch.core.errors import Stopped


def test_keeps_the_jobs_within_the_limit() -> None:
    gate, lock = MemoryGate(10), threading.Lock()
    holding: list[int] = []
    worst: list[list[int]] = []

    def enter_often(seed: int) -> None:
        for size in np.random.default_rng(seed).integers(1, 15, 50).tolist():
            with gate.hold(size):
                with lock:
                    holding.append(size)
                    worst.append(list(holding))
                with lock:
                    holding.remove(size)

    threads = [threading.Thread(target=enter_often, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(worst) == 300
    assert all(sum(min(size, 8) for size in sizes) <= 10 for sizes in worst)


class Jobs:
    """Jobs that wait at a gate, each in its own thread, and hold their memory until they end."""

    def __init__(self, gate: MemoryGate) -> None:
        self.gate = gate
        self.inside: dict[str, threading.Event] = {}
        self.ends: dict[str, threading.Event] = {}
        self.threads: dict[str, threading.Thread] = {}

    def start(self, name: str, size: int, waits: bool = False) -> None:
        self.inside[name], self.ends[name] = threading.Event(), threading.Event()
        thread = threading.Thread(target=self._hold, args=(name, size))
        self.threads[name] = thread
        before = self.gate.waiting
        thread.start()
        while waits and self.gate.waiting == before:
            time.sleep(0.001)
        assert waits or self.inside[name].wait(10)

    def end(self, name: str) -> None:
        self.ends[name].set()
        self.threads[name].join()

    def _hold(self, name: str, size: int) -> None:
        with self.gate.hold(size):
            self.inside[name].set()
            assert self.ends[name].wait(10)


def test_small_jobs_go_on_beside_a_large_one() -> None:
    jobs = Jobs(MemoryGate(100))
    jobs.start("large", 5000)
    for name in ("a", "b", "c"):
        jobs.start(name, 20)
        jobs.end(name)
    jobs.end("large")


def test_a_large_job_does_not_wait_for_ever() -> None:
    jobs = Jobs(MemoryGate(100))
    jobs.start("a", 40)
    jobs.start("b", 40)
    jobs.start("large", 5000, waits=True)
    jobs.start("c", 20, waits=True)  # it would fit, but keep the large one waiting
    assert not jobs.inside["c"].wait(0.05)
    jobs.end("a")
    jobs.end("b")
    for name in ("large", "c"):
        assert jobs.inside[name].wait(10)
        jobs.end(name)


def test_a_job_that_waits_hears_of_the_stop() -> None:
    gate, stop = MemoryGate(100), threading.Event()
    stop.set()
    with gate.hold(60, stop), pytest.raises(Stopped), gate.hold(60, stop):
        pass
    with gate.hold(100):
        pass
