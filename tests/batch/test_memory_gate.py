import threading

import numpy as np

from sr_batch.batch.memory_gate import MemoryGate


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
    assert all(sum(sizes) <= 10 or len(sizes) == 1 for sizes in worst)
