import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sr_batch.core.errors import UnknownModel
from sr_batch.core.model_spec import ModelSpec
from sr_batch.inference.model_catalog import Blend, ModelFile
from sr_batch.inference.session import Batch, Session
from sr_batch.upscaling.open_networks import NetworkKey, OpenNetworks
from tests.networks import make_spec


class Network:
    """Counts how many were opened."""

    provider = "fake"

    def __init__(self) -> None:
        self.spec: ModelSpec = make_spec()

    def __call__(self, batch: Batch) -> Batch:
        return np.asarray(batch)


class Catalog:
    def __init__(self) -> None:
        self.opened = 0

    def open(self) -> Session:
        self.opened += 1
        return Network()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def key(name: str) -> NetworkKey:
    return NetworkKey.of(ModelFile(name, 2, "fp32", Path(f"{name}.onnx")), "cpu", 1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog() -> Catalog:
    return Catalog()


def test_callers_at_once_open_it_once(catalog: Catalog) -> None:
    networks, all_here = OpenNetworks(), threading.Barrier(8)

    def get(_: int) -> Session:
        all_here.wait()
        return networks.get(key("a"), catalog.open)

    with ThreadPoolExecutor(8) as threads:
        sessions = set(threads.map(get, range(8)))
    assert (len(sessions), catalog.opened, len(networks)) == (1, 1, 1)


def test_networks_open_while_another_opens(catalog: Catalog) -> None:
    networks, others_are_open = OpenNetworks(), threading.Event()

    def slow() -> Session:
        assert others_are_open.wait(10)
        return catalog.open()

    with ThreadPoolExecutor(1) as threads:
        opening = threads.submit(networks.get, key("slow"), slow)
        networks.get(key("a"), catalog.open)
        others_are_open.set()
        opening.result()
    assert len(networks) == 2


def test_an_error_is_not_kept(catalog: Catalog) -> None:
    def refuse() -> Session:
        raise UnknownModel("broken")

    networks = OpenNetworks()
    with pytest.raises(UnknownModel):
        networks.get(key("a"), refuse)
    assert len(networks) == 0
    networks.get(key("a"), catalog.open)
    assert len(networks) == 1


def test_closes_what_was_idle_for_long_enough(catalog: Catalog, clock: Clock) -> None:
    networks = OpenNetworks(clock=clock)
    networks.get(key("a"), catalog.open)
    clock.now = 50
    networks.get(key("b"), catalog.open)
    clock.now = 100
    assert networks.close_idle(100) == 1
    assert len(networks) == 1
    networks.get(key("b"), catalog.open)
    assert catalog.opened == 2
    networks.get(key("a"), catalog.open)
    assert catalog.opened == 3


def test_a_network_in_use_stays_open(catalog: Catalog, clock: Clock) -> None:
    networks = OpenNetworks(clock=clock)
    session = networks.get(key("a"), catalog.open)
    clock.now = 1000
    assert networks.close_idle(100) == 0
    assert networks.get(key("a"), catalog.open) is session
    del session
    clock.now = 1099
    assert networks.close_idle(100) == 0  # it was in use at 1000
    clock.now = 1100
    assert networks.close_idle(100) == 1


def test_a_network_that_opens_is_not_forgotten(catalog: Catalog) -> None:
    networks, opening, may_go_on = OpenNetworks(), threading.Event(), threading.Event()

    def slow() -> Session:
        opening.set()
        assert may_go_on.wait(10)
        return catalog.open()

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(networks.get, key("a"), slow)
        assert opening.wait(10)
        assert networks.close_idle(0) == 0
        second = threads.submit(networks.get, key("a"), catalog.open)
        may_go_on.set()
        assert first.result() is second.result()
    assert catalog.opened == 1


def test_the_oldest_one_is_closed_when_there_are_too_many(catalog: Catalog, clock: Clock) -> None:
    networks = OpenNetworks(most=2, clock=clock)
    for second, name in enumerate("abacc"):
        clock.now = second
        networks.get(key(name), catalog.open)
    assert (len(networks), catalog.opened) == (2, 3)
    networks.get(key("a"), catalog.open)
    assert catalog.opened == 3
    networks.get(key("b"), catalog.open)
    assert catalog.opened == 4


def test_a_key_states_what_a_session_depends_on(tmp_path: Path) -> None:
    path, weak = tmp_path / "a_x2.onnx", tmp_path / "weak.onnx"
    for each in (path, weak):
        each.write_bytes(b"1")
    file = ModelFile("a", 2, "fp32", path)
    blends = [ModelFile("a", 2, "fp32", path, Blend(weak, strength)) for strength in (0.2, 0.5)]
    keys = {
        NetworkKey.of(file, "cpu", 1),
        NetworkKey.of(file, "cpu", 2),
        NetworkKey.of(file, "cuda", 1),
        *(NetworkKey.of(each, "cpu", 1) for each in blends),
    }
    assert len(keys) == 5
    same = ModelFile("other", 2, "fp32", tmp_path / "." / "sub" / ".." / path.name)
    (tmp_path / "sub").mkdir()
    assert NetworkKey.of(same, "cpu", 1) == NetworkKey.of(file, "cpu", 1)
    path.write_bytes(b"12")
    assert NetworkKey.of(file, "cpu", 1) not in keys
