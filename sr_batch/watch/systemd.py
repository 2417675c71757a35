"""What systemd is told of a watch that it runs: sd_notify(3), by its datagrams alone."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from sr_batch.core.results import Failed, JobResult
from sr_batch.watch.listener import Listener

_PATIENCE = 1.0  # seconds, where nobody reads what was said before


class Systemd(Listener):
    """Says when it is ready, what it does, that it lives, and when it ends. A context manager.

    It says nothing where nobody has asked, by NOTIFY_SOCKET, to be told.

    Args:
        environment: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read.
        clock: Seconds that run on; another one for tests.
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
        self._tell("STOPPING=1")

    def add(self, result: JobResult) -> None:
        self._counts["failed" if isinstance(result, Failed) else "done"] += 1

    def look(self, folder: Path, waiting: int) -> None:
        self.alive()
        self._waiting[folder] = waiting
        done, failed = self._counts["done"], self._counts["failed"]
        status = f"{done} done, {failed} failed, {sum(self._waiting.values())} waiting"
        if status != self._status:
            self._status = status
            self._tell(f"STATUS={status}")

    def alive(self) -> None:
        if not self._ready:  # to look for the first time may take long, and is work already
            self._ready = True
            self._tell("READY=1")
        if self._pause and (now := self._clock()) >= self._due:
            self._due = now + self._pause
            self._tell("WATCHDOG=1")

    def reload(self) -> None:
        self._ready = False
        self._waiting = {}
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def _tell(self, text: str) -> None:
        if self._address and hasattr(socket, "AF_UNIX"):
            # An "@" stands for the null byte that an abstract address begins with.
            address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
                wire.settimeout(_PATIENCE)
                wire.sendto(text.encode(), address)


def _watchdog_pause(environment: Mapping[str, str]) -> float:
    """Seconds between two signs of life: half of what is allowed; 0 if none are asked for."""
    allowed, process = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID")
    if process not in (None, str(os.getpid())) or not allowed.isdigit():
        return 0.0
    return int(allowed) / 2e6
