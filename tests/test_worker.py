import threading
import time

import numpy as np
import pytest

from sr_batch.worker import ByteGate
from tests.fakes import FakeUpscaler
from tests.runs import count, go, photos


@pytest.mark.usefixtures("here")
def test_few_bytes_in_flight_let_one_image_through_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sr_batch.worker._BYTES_IN_FLIGHT", 1)
    photos(8)
    alone = threading.Lock()
    shared: list[str] = []

    def enter(name: str) -> None:
        if not alone.acquire(blocking=False):
            shared.append(name)
            return
        time.sleep(0.001)  # gives the others the chance to be wrong
        alone.release()

    assert count(go("in", upscaler=FakeUpscaler(before=enter))) == {"done": 8}
    assert shared == []


def test_gate_keeps_its_holders_within_the_limit() -> None:
    gate, lock = ByteGate(10), threading.Lock()
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
