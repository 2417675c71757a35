"""What upscalers may share: open networks, tile threads, and how fast the networks are."""

import threading
from collections.abc import Callable, Hashable

from sr_batch.upscaling.open_networks import OpenNetworks
from sr_batch.upscaling.tile_pool import TilePool


class SharedParts:
    """Networks and tile threads of one upscaler, or of several. Thread-safe.

    Args:
        notify: Receives one line each about memory that ran out.
        most_networks: As for `OpenNetworks`.
    """

    def __init__(self, notify: Callable[[str], None], most_networks: int | None = None) -> None:
        self.networks = OpenNetworks(most_networks)
        self.tiles = TilePool(0, notify)
        self._paces: dict[Hashable, float] = {}
        self._timing = threading.Lock()

    def pace(self, key: Hashable, measure: Callable[[], float]) -> float:
        """Seconds for a pixel of the work ``key``: measured once, and by one thread at a time."""
        with self._timing:
            if key not in self._paces:
                self._paces[key] = measure()
            return self._paces[key]

    def close(self) -> None:
        """End the tile threads and close the networks."""
        self.tiles.close()
        self.networks.close_idle(0)
