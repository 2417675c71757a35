"""Calls that run as one batch give every thread the same result as a call of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch.core.errors import BadOutput, ImageError, OutOfMemory
from sr_batch.inference.batching import AT_ONCE, Batching
from sr_batch.inference.model_catalog import choose
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.session import Batch
from tests.networks import NearestSession

MOST = 4
THREADS = 12
CALLS = st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 3))


class Watched(NearestSession):
    """Blocks the first batches until all callers have come; records the size of each batch."""

    def __init__(
        self, callers: int = 0, refuse: Callable[[Batch], Exception | None] = lambda batch: None
    ) -> None:
        super().__init__()
        self.refuse = refuse
        self.runs: list[int] = []
        self.busy, self.most_busy = 0, 0
        self._lock = threading.Lock()
        self._missing = callers
        self._all_came = threading.Event()
        if not callers:
            self._all_came.set()

    def came(self) -> None:
        with self._lock:
            self._missing -= 1
            if self._missing == 0:
                self._all_came.set()

    def __call__(self, batch: Batch) -> Batch:
        with self._lock:
            self.runs.append(len(batch))
            self.busy += 1
            self.most_busy = max(self.busy, self.most_busy)
        try:
            assert self._all_came.wait(30)
            if fault := self.refuse(batch):
                raise fault
            return super().__call__(batch)
        finally:
            with self._lock:
                self.busy -= 1


def tile(value: float, shape: tuple[int, int, int] = (1, 5, 4)) -> Batch:
    return np.full((shape[0], 3, *shape[1:]), value, np.float32)


def ask(session: Watched, batches: Sequence[Batch]) -> list[Batch | BaseException]:
    """Call with all batches at the same time; returns each output or exception."""
    batching = Batching(session, MOST)

    def call(batch: Batch) -> Batch | BaseException:
        session.came()
        try:
            return batching(batch)
        except ImageError as fault:
            return fault

    with ThreadPoolExecutor(len(batches)) as pool:
        return list(pool.map(call, batches))


@settings(max_examples=40)
@given(st.lists(CALLS, min_size=1, max_size=THREADS))
def test_every_caller_gets_its_own_output(shapes: list[tuple[int, int, int]]) -> None:
    batches = [tile(value, shape) for value, shape in enumerate(shapes)]
    session = Watched()
    for batch, made in zip(batches, ask(session, batches), strict=True):
        assert isinstance(made, np.ndarray)
        assert np.array_equal(made, NearestSession()(batch))
    assert sum(session.runs) == sum(len(batch) for batch in batches)


def test_calls_that_arrive_while_the_device_is_busy_are_batched() -> None:
    session = Watched(THREADS)
    ask(session, [tile(value) for value in range(THREADS)])
    # Nobody waits for others: the first two find the device idle. Meanwhile the rest gathers,
    # except for threads that have come but not called yet.
    assert session.runs[:AT_ONCE] == [1, 1]
    assert max(session.runs) == MOST or len(session.runs) < THREADS
    assert session.most_busy == AT_ONCE


def test_other_shapes_run_in_another_batch() -> None:
    session = Watched(THREADS)
    made = ask(session, [tile(value, (1, 2 + value % 2, 3)) for value in range(THREADS)])
    assert [each.shape[2] for each in made if isinstance(each, np.ndarray)] == [4, 6] * 6


@pytest.mark.parametrize("error", [OutOfMemory, MemoryError])
def test_batches_shrink_after_memory_ran_out(error: type[Exception]) -> None:
    session = Watched(THREADS, lambda batch: error("no room") if len(batch) > 2 else None)
    batching = Batching(session, MOST)

    def call(value: int) -> Batch:
        session.came()
        return batching(tile(value))

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(3):
            for value, made in enumerate(pool.map(call, range(THREADS))):
                assert (made == value).all()
    refused = [count for count in session.runs if count > 2]
    assert len(refused) <= AT_ONCE


def test_out_of_memory_for_a_single_call_reaches_its_caller() -> None:
    made = ask(Watched(refuse=lambda batch: OutOfMemory("out of memory")), [tile(0), tile(1)])
    assert [str(each) for each in made] == ["out of memory"] * 2
    assert made[0] is not made[1]


def test_an_error_reaches_only_its_own_caller() -> None:
    def refuse(batch: Batch) -> Exception | None:
        return BadOutput("seven") if (batch == 7).any() else None

    made = ask(Watched(THREADS, refuse), [tile(value) for value in range(THREADS)])
    for value, each in enumerate(made):
        if value == 7:
            assert isinstance(each, BadOutput)
        else:
            assert isinstance(each, np.ndarray)
            assert (each == value).all()


def test_works_after_an_error() -> None:
    session = Watched(refuse=lambda batch: BadOutput("odd") if (batch == 1).any() else None)
    batching = Batching(session, MOST)
    for _ in range(2 * AT_ONCE):
        with pytest.raises(BadOutput):
            batching(tile(1))
    assert (batching(tile(2)) == 2).all()


def test_has_the_contract_and_provider_of_the_session() -> None:
    batching = Batching(NearestSession(3), MOST)
    assert (batching.provider, batching.spec.scale) == ("fake", 3)


@pytest.mark.parametrize("name", ["espcn", "fast"])
def test_many_threads_on_a_real_network_get_the_same_bits(name: str) -> None:
    file = next(iter(choose(name).values()))
    session = OnnxSession.open(file.path)
    random = np.random.default_rng(0)
    shapes = [(1, session.spec.channels, 24, 24 + 8 * (seed % 2)) for seed in range(32)]
    batches = [random.random(shape, np.float32) for shape in shapes]
    batching = Batching(session, MOST)
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(batching, batches))
    assert all(map(np.array_equal, together, map(session, batches)))
