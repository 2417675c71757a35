"""Where a cluster is, and that nothing waits for one that does not answer."""

import importlib.machinery
import importlib.util
import socket
import time

import pytest

from sr_batch.core.errors import UsageError
from sr_batch.distributed import ray_engine
from sr_batch.distributed.ray_address import RayAddress, ray_address
from sr_batch.distributed.ray_messages import RaySettings
from sr_batch.stores.store import Unreachable


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ray://head:10002", RayAddress("head", 10002, True)),
        ("ray://head", RayAddress("head", 10001, True)),
        ("ray://head/", RayAddress("head", 10001, True)),
        ("10.0.0.1:6379", RayAddress("10.0.0.1", 6379, False)),
        ("head.example", RayAddress("head.example", 6379, False)),
        ("[fd00::1]:6379", RayAddress("[fd00::1]", 6379, False)),
        ("local", RayAddress("", 0, False)),
    ],
)
def test_an_address_names_the_head(text: str, address: RayAddress) -> None:
    assert ray_address(text) == address
    assert ray_address(str(address)) == address


def test_the_variable_of_ray_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://head:1")
    assert ray_address(None).port == 1
    assert ray_address("other").host == "other"
    monkeypatch.delenv("RAY_ADDRESS")
    with pytest.raises(UsageError, match=r"--engine ray needs the cluster: --address ray://HOST"):
        ray_address(None)


@pytest.mark.parametrize(
    "text", ["auto", "http://head:1", "head:0", "head:65536", "head:x", "a b:"]
)
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f", not '{text}'"):
        ray_address(text)


def test_an_address_without_a_cluster_is_one_line_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening
        port = taken.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(
            Unreachable, match=r"ray://127\.0\.0\.1:\d+: no Ray cluster answers"
        ) as e:
            ray_engine.ray_engine(RaySettings(ray_address(f"ray://127.0.0.1:{port}")))
        assert time.monotonic() - began < 3
    assert e.value.exit_code == 4
    assert "\n" not in str(e.value)


def test_without_ray_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> importlib.machinery.ModuleSpec | None:
        return None if name == "ray" else importlib.util.find_spec(name)

    monkeypatch.setattr(ray_engine, "find_spec", absent)
    with pytest.raises(UsageError, match=r"needs Ray: .*-m pip install 'sr-batch\[ray\]'"):
        ray_engine.require_ray()
