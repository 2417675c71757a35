"""Upscalers for callers with different options, such as the requests of a server."""

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace

from sr_batch.core.options import UpscaleOptions
from sr_batch.core.target_size import Goal
from sr_batch.upscaling.auto_upscaler import AutoUpscaler, open_upscaler
from sr_batch.upscaling.shared_parts import SharedParts
from sr_batch.upscaling.upscaler import Upscaler

# What an upscaler depends on. Any other option, such as the quality, needs no other upscaler.
_OWN = (
    *(each.name for each in fields(Goal)),
    *("model", "strength", "device", "precision", "mode", "color_lock", "self_ensemble"),
    *("tile", "overlap", "jobs"),
)
_MOST_UPSCALERS = 64  # they are small: the networks are elsewhere


class UpscalerPool:
    """Upscalers that share one session per network and one set of tile threads. Thread-safe.

    Networks are opened when they are first needed, each once, no matter how many callers wait for
    it and how their options differ.

    Args:
        notify: Receives the lines of all upscalers, equal ones once.
        jobs: Threads, where the options of a caller do not say; one per core if not given.
        most_networks: Networks that stay open when nobody uses them; None for no limit.
    """

    def __init__(
        self,
        notify: Callable[[str], None],
        jobs: int | None = None,
        most_networks: int | None = None,
    ) -> None:
        self._notify = notify
        self._jobs = jobs
        self._parts = SharedParts(self._say_once, most_networks)
        self._upscalers: dict[UpscaleOptions, Upscaler | AutoUpscaler] = {}
        self._opening = threading.Lock()
        self._said: set[str] = set()

    @contextmanager
    def using(self, options: UpscaleOptions) -> Iterator[Upscaler | AutoUpscaler]:
        """The upscaler for ``options``.

        Raises:
            UnknownModel: the network does not exist.
            DeviceUnavailable: the device cannot run here.
        """
        key = self._key(options)
        with self._opening:
            upscaler = self._upscalers.pop(key, None)
            if upscaler is None:
                upscaler = open_upscaler(key, self._say_once, self._parts)
            self._upscalers[key] = upscaler  # the last one is the one that was used last
            if len(self._upscalers) > _MOST_UPSCALERS:
                del self._upscalers[next(iter(self._upscalers))]
        yield upscaler

    @property
    def networks(self) -> int:
        """How many networks are open."""
        return len(self._parts.networks)

    def release(self, idle_seconds: float) -> int:
        """Close the networks that nobody has used for ``idle_seconds``. Returns how many.

        Their memory is given back to the operating system. They are opened again when they are
        needed. So is what was learned: which network overflows in half precision, and which tiles
        are too large for the memory.
        """
        gc.collect()  # what failed calls left behind may hold networks
        closed = self._parts.networks.close_idle(idle_seconds)
        if closed:
            with self._opening:
                self._upscalers.clear()
                self._said.clear()
            self._parts.tiles.forget()
        return closed

    def close(self) -> None:
        """Stop the work in flight, end the tile threads and close the networks."""
        self._parts.close()

    def _key(self, options: UpscaleOptions) -> UpscaleOptions:
        own = {name: getattr(options, name) for name in _OWN}
        return replace(UpscaleOptions(**own), jobs=options.jobs or self._jobs)

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._notify(line)
