"""Reports the state of a watch to systemd, by the datagrams of sd_notify(3)."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from sr_batch.core.results import Failed, JobResult
from sr_batch.watch.listener import Listener

_TIMEOUT = 1.0  # seconds, if systemd does not read its socket


class Systemd(Listener):
    """Reports readiness, status, signs of life and the end of a watch. A context manager.

    Without NOTIFY_SOCKET it does nothing.

    Args:
        environment: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read.
        clock: Seconds of a clock that never goes back; tests pass their own.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._clock = clock
        self._pause = _watchdog_pause(environment)
        self._due = clock()
        self._ready = False
        self._status = ""
        self._counts = {"done": 0, "failed": 0}
        self._waiting: dict[Path, int] = {}

    def __enter__(self) -> "Systemd":
        return self

    def __exit__(self, *_: object) -> None:
        self._send("STOPPING=1")

    def add(self, result: JobResult) -> None:
        self._counts["failed" if isinstance(result, Failed) else "done"] += 1

    def look(self, folder: Path, waiting: int) -> None:
        self.alive()
        self._waiting[folder] = waiting
        done, failed = self._counts["done"], self._counts["failed"]
        status = f"{done} done, {failed} failed, {sum(self._waiting.values())} waiting"
        if status != self._status:
            self._status = status
            self._send(f"STATUS={status}")

    def alive(self) -> None:
        if not self._ready:  # the first scan may take long, so the service is ready before it ends
            self._ready = True
            self._send("READY=1")
        if self._pause and (now := self._clock()) >= self._due:
            self._due = now + self._pause
            self._send("WATCHDOG=1")

    def reload(self) -> None:
        self._ready = False
        self._waiting = {}
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def _send(self, text: str) -> None:
        if self._address and hasattr(socket, "AF_UNIX"):
            # "@" stands for the null byte at the start of an abstract address.
            address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.settimeout(_TIMEOUT)
                channel.sendto(text.encode(), address)


def _watchdog_pause(environment: Mapping[str, str]) -> float:
    """Seconds between two signs of life: half of the timeout; 0 if systemd expects none."""
    allowed, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID")
    if process not in (None, str(os.getpid())) or not allowed.isdigit():
        return 0.0
    return int(allowed) / 2e6
