"""Keeps networks open for all upscalers that need them: each at most once."""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sr_batch.core.free_memory import return_free_memory
from sr_batch.inference.model_catalog import ModelFile
from sr_batch.inference.session import Session

Clock = Callable[[], float]


@dataclass(frozen=True)
class NetworkKey:
    """What a session depends on.

    Attributes:
        files: The files of the network as they are on disk: one that has changed is another.
        strength: Of a blend of two files; None for one file.
        device: Where it runs.
        threads: CPU threads for one call.
    """

    files: "tuple[_FileState, ...]"
    strength: float | None
    device: str
    threads: int

    @classmethod
    def of(cls, file: ModelFile, device: str, threads: int) -> "NetworkKey":
        """The key of ``file``."""
        if file.blend is None:
            return cls((_FileState.of(file.path),), None, device, threads)
        paths = (file.blend.weak, file.path)
        return cls(tuple(map(_FileState.of, paths)), file.blend.strength, device, threads)


@dataclass(frozen=True)
class _FileState:
    path: Path
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> "_FileState":
        try:
            status = path.stat()
        except OSError:  # what is wrong is said when it is opened
            return cls(path, 0, 0)
        return cls(path.resolve(), status.st_size, status.st_mtime_ns)


class OpenNetworks:
    """Sessions by what they depend on. Thread-safe.

    Callers ask for a session whenever they use it, and keep no reference to it in between: so
    :meth:`close_idle` can tell which ones are in use.

    Args:
        most: Networks that stay open. When there are more, those that were not used for the
            longest time are closed. None for no limit.
        clock: Seconds.
    """

    def __init__(self, most: int | None = None, clock: Clock = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._networks: dict[NetworkKey, _Network] = {}

    def get(self, key: NetworkKey, open_it: Callable[[], Session]) -> Session:
        """The session for ``key``. The first caller opens it, and others wait for it.

        Raises:
            SrBatchError: from ``open_it``. The next caller tries again.
        """
        with self._lock:
            network = self._networks.setdefault(key, _Network())
            network.used = self._clock()
            network.callers += 1
        try:
            return network.get(open_it)
        finally:
            with self._lock:
                network.callers -= 1
                self._close_surplus()

    def __len__(self) -> int:
        """How many networks are open."""
        with self._lock:
            return len(self._opened())

    def close_idle(self, seconds: float) -> int:
        """Close the networks that nobody has used for ``seconds``. Returns how many."""
        with self._lock:
            now = self._clock()
            return self._close([each for each in self._opened() if now - each.used >= seconds])

    def _close_surplus(self) -> None:
        surplus = 0 if self._most is None else len(self._networks) - self._most
        if surplus > 0:
            oldest = sorted(self._opened(), key=lambda network: network.used)
            self._close(oldest[:surplus])

    def _opened(self) -> "list[_Network]":
        return [each for each in self._networks.values() if each.is_open]

    def _close(self, networks: "list[_Network]") -> int:
        closed = [network for network in networks if network.close(self._clock())]
        self._networks = {
            key: each for key, each in self._networks.items() if each.is_open or each.callers
        }
        if closed:
            return_free_memory()
        return len(closed)


class _Network:
    """One session, and who uses it.

    Attributes:
        used: When it was last asked for.
        callers: Threads that ask for it now. While there are any, it is not closed.
    """

    def __init__(self) -> None:
        self.used = 0.0
        self.callers = 0
        self._session: Session | None = None
        self._opening = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._session is not None

    def get(self, open_it: Callable[[], Session]) -> Session:
        with self._opening:
            if self._session is None:
                self._session = open_it()
            return self._session

    def close(self, now: float) -> bool:
        """Close it, unless someone uses it: then it counts as used ``now``."""
        if self.callers or self._session is None:
            return False
        kept = weakref.ref(self._session)
        self._session = None
        self._session = kept()  # None, unless someone else has a reference
        if self._session is not None:
            self.used = now
        return self._session is None
