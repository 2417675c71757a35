"""What systemd would hear, on a real datagram socket."""

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
    """Hears what a service says."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self.heard: list[str] = []

    def listen(self) -> list[str]:
        """All that was said by now."""
        while True:
            try:
                self.heard.append(self._wire.recv(4096, socket.MSG_DONTWAIT).decode())
            except BlockingIOError:
                return self.heard


@contextmanager
def listening(address: str | bytes) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind(address)
        yield Manager(wire)


def test_says_what_a_watch_does(
    tmp_path: Path, watching: Callable[..., Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_picture(tmp_path / "in/a.png")
    (tmp_path / "in/bad.jpg").write_text("words")
    with listening(str(tmp_path / "wire")) as manager:
        monkeypatch.setitem(ENVIRONMENT, "NOTIFY_SOCKET", str(tmp_path / "wire"))
        monkeypatch.setitem(ENVIRONMENT, "WATCHDOG_USEC", "400000")
        watch = watching()
        watch.wait(lambda: "STATUS=1 done, 1 failed, 0 waiting" in manager.listen())
        assert manager.heard[0] == "READY=1"
        signs = manager.heard.count("WATCHDOG=1")
        watch.wait(lambda: manager.listen().count("WATCHDOG=1") > signs + 2)
        manager.heard.clear()
        watch.process.send_signal(signal.SIGHUP)
        watch.wait(lambda: "READY=1" in manager.listen())
        (reloading,) = [said for said in manager.heard if said.startswith("RELOADING=1\n")]
        assert int(reloading.partition("MONOTONIC_USEC=")[2]) <= time.monotonic_ns() // 1000
        assert manager.heard.index(reloading) < manager.heard.index("READY=1")
        watch.end()
        assert manager.listen()[-1] == "STOPPING=1"


def test_finds_an_abstract_address_too() -> None:
    with listening(f"\0sr-batch-test-{time.monotonic_ns()}".encode()) as manager:
        address = manager._wire.getsockname().decode().replace("\0", "@")
        Systemd({"NOTIFY_SOCKET": address}).look(Path("in"), 3)
        assert manager.listen() == ["READY=1", "STATUS=0 done, 0 failed, 3 waiting"]


def test_gives_signs_of_life_at_half_of_what_is_allowed(tmp_path: Path) -> None:
    seconds = [0.0]
    environment = {"NOTIFY_SOCKET": str(tmp_path / "wire"), "WATCHDOG_USEC": "60000000"}
    with listening(environment["NOTIFY_SOCKET"]) as manager:
        systemd = Systemd(environment, lambda: seconds[0])
        for _ in range(301):
            systemd.alive()
            manager.listen()
            seconds[0] += 1
        assert manager.heard == ["READY=1"] + ["WATCHDOG=1"] * 11
        other = Systemd(environment | {"WATCHDOG_PID": "1"}, lambda: seconds[0])
        other.alive()
        assert manager.listen()[12:] == ["READY=1"]


def test_says_a_status_only_when_it_is_another(tmp_path: Path) -> None:
    with listening(str(tmp_path / "wire")) as manager:
        systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "wire")})
        for waiting in (2, 2, 1):
            systemd.look(Path("in"), waiting)
        systemd.add(Failed("a", None, "damaged"))
        systemd.look(Path("other"), 4)
        assert manager.listen()[1:] == [
            "STATUS=0 done, 0 failed, 2 waiting",
            "STATUS=0 done, 0 failed, 1 waiting",
            "STATUS=0 done, 1 failed, 5 waiting",
        ]


def test_a_manager_that_does_not_listen_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sr_batch.watch.systemd._PATIENCE", 0.001)
    with listening(str(tmp_path / "wire")) as manager:
        systemd = Systemd({"NOTIFY_SOCKET": str(tmp_path / "wire")})
        for waiting in range(600):
            systemd.look(Path("in"), waiting)
        assert manager.listen()[0] == "READY=1"


def test_a_manager_that_is_gone_or_was_never_there_is_no_fault(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        with Systemd(environment) as systemd:
            systemd.look(Path("in"), 0)
