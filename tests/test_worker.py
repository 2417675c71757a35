import threading
import time

import pytest

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
