"""What systemd receives, on a real datagram socket."""

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sr_batch.core.results import Failed
from sr_batch.watch.systemd import Systemd
from tests.cli.conftest import ENVIRONMENT
from tests.fakes import save_picture
from tests.watch.conftest import Watching


class Manager:
    """Receives the messages of a service, as systemd does."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self.received: list[str] = []

    def receive(self) -> list[str]:
        """All messages up to now."""
        while True:
            try:
                self.received.append(self._channel.recv(4096, socket.MSG_DONTWAIT).decode())
            except BlockingIOError:
                return self.received


@contextmanager
def listening(address: str | bytes) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(address)
        yield Manager(channel)


def test_reports_the_state_of_a_running_watch(
    tmp_path: Path, watching: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_picture(tmp_path / "in/a.png")
    (tmp_path / "in/bad.jpg").write_text("text")
    with listening(str(tmp_path / "channel")) as manager:
        monkeypatch.setitem(ENVIRONMENT, "NOTIFY_SOCKET", str(tmp_path / "channel"))
        monkeypatch.setitem(ENVIRONMENT, "WATCHDOG_USEC", "400000")
        watch = watching()
        watch.wait(lambda: "STATUS=1 done, 1 failed, 0 waiting" in manager.receive())
        assert manager.received[0] == "READY=1"
        signs = manager.received.count("WATCHDOG=1")
        watch.wait(lambda: manager.receive().count("WATCHDOG=1") > signs + 2)
        manager.received.clear()
        watch.process.send_signal(signal.SIGHUP)
        watch.wait(lambda: "READY=1" in manager.receive())
        (reloading,) = [sent for sent in manager.received if sent.startswith("RELOADING=1\n")]
        assert int(reloading.partition("MONOTONIC_USEC=")[2]) <= time.monotonic_ns() // 1000
        assert manager.received.index(reloading) < manager.received.index("READY=1")
        watch.end()
        assert manager.receive()[-1] == "STOPPING=1"


def test_sends_to_an_abstract_address() -> None:
    with listening(f"\0sr-batch-test-{time.monotonic_ns()}".encode()) as manager:
        address = manager._channel.getsockname().decode().replace("\0", "@")
        Systemd({"NOTIFY_SOCKET": address}).look(Path("in"), 3)
        assert manager.receive() == ["READY=1", "STATUS=0 done, 0 failed, 3 waiting"]


def test_sends_signs_of_life_at_half_the_timeout(tmp_path: Path) -> None:
    seconds = [0.0]
    environment = {"NOTIFY_SOCKET": str(tmp_path / "channel"), "WATCHDOG_USEC": "60000000"}
    with listening(environment["NOTIFY_SOCKET"]) as manager:
        systemd = Systemd(environment, lambda: seconds[0])
        for _ in range(301):
            systemd.alive()
            manager.receive()
            seconds[0] += 1
        assert manager.received == ["READY=1"] + ["WATCHDOG=1"] * 11
        other = Systemd(environment | {"WATCHDOG_PID": "1"}, lambda: seconds[0])
        other.alive()
        assert manager.receive()[12:] == ["READY=1"]


def test_sends_a_status_only_when_it_changes(tmp_path: Path) -> None:
    with listening(str(tmp_path / "channel")) as manager:
        systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "channel")})
        for waiting in (2, 2, 1):
            systemd.look(Path("in"), waiting)
        systemd.add(Failed("a", None, "damaged"))
        systemd.look(Path("other"), 4)
        assert manager.receive()[1:] == [
            "STATUS=0 done, 0 failed, 2 waiting",
            "STATUS=0 done, 0 failed, 1 waiting",
            "STATUS=0 done, 1 failed, 5 waiting",
        ]


def test_an_unread_socket_delays_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sr_batch.watch.systemd._TIMEOUT", 0.001)
    with listening(str(tmp_path / "channel")) as manager:
        systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "channel")})
        for waiting in range(600):
            systemd.look(Path("in"), waiting)
        assert manager.receive()[0] == "READY=1"


def test_a_missing_socket_is_not_an_error(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        with Systemd(environment) as systemd:
            systemd.look(Path("in"), 0)
