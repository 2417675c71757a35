"""Tiles that outlive an interruption: what one pass over one picture has computed so far."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from functools import cache, partial
from hashlib import blake2b
from typing import Protocol

import numpy as np

from sr_batch.core.errors import Stopped
from sr_batch.core.geometry import Tile
from sr_batch.core.image import Image, Pixels
from sr_batch.upscaling.tile_pass import RunTiles

Pieces = Sequence[Sequence[Pixels]]
"""For each tile of a pass its part of every output array."""

Key = Callable[[], str]
"""The name of a pass, see `pass_key`. It takes time, so it is made only when it is needed."""


class TileStore(Protocol):
    """Keeps the tiles of one picture when its work is interrupted."""

    def restore(self, key: Key, pieces: Pieces) -> Collection[int]:
        """Fill in the pieces that are kept for a pass. Returns the numbers of these tiles."""
        ...

    def counted(self, pixels: int) -> None:
        """The restored tiles are worth so many pixels of the picture."""
        ...

    def keep(self, key: Key, pieces: Pieces, finished: Collection[int], seconds: float) -> None:
        """Keep the tiles with the numbers ``finished``, unless that is not worth it.

        Args:
            key: Of the pass.
            pieces: Of all its tiles.
            finished: Their pixels are final.
            seconds: That one thread would have taken for them, without the restored ones.
        """
        ...


class NoStore:
    """The `TileStore` for pictures whose tiles are not kept."""

    def restore(self, key: Key, pieces: Pieces) -> Collection[int]:
        return ()

    def counted(self, pixels: int) -> None:
        pass

    def keep(self, key: Key, pieces: Pieces, finished: Collection[int], seconds: float) -> None:
        pass


def pass_key(image: Image, tiles: Sequence[Tile], *others: object) -> str:
    """The name of a pass: a hash of all that its output depends on.

    Args:
        image: Its input.
        tiles: How it is cut.
        others: The network, the options and the device.
    """
    digest = blake2b(digest_size=32)
    for pixels in (image.color, image.alpha):
        if pixels is not None:
            digest.update(f"{pixels.shape} {pixels.dtype}".encode())
            digest.update(np.ascontiguousarray(pixels).data)
    digest.update("\n".join(map(str, (*tiles, *others))).encode())
    return digest.hexdigest()


class KeptPass:
    """A pass that begins with the tiles in a store, and keeps its tiles there if it is stopped.

    Args:
        store: Where they are kept.
        key: Of the pass.
        run_tiles: Computes tiles.
        restored: Receives the number of input pixels that the restored tiles cover.
    """

    def __init__(
        self, store: TileStore, key: Key, run_tiles: RunTiles, restored: Callable[[int], None]
    ) -> None:
        self._store = store
        self._key = cache(key)
        self._run_tiles = run_tiles
        self._restored = restored
        self._outputs: Sequence[Pixels] = ()
        self._lock = threading.Lock()
        self._finished: set[Tile] = set()
        self._seconds = 0.0

    def show(self, outputs: Sequence[Pixels]) -> None:
        """Take the arrays that the tiles are stored in."""
        self._outputs = outputs

    def run(self, work: Callable[[Tile], None], tiles: Sequence[Tile]) -> None:
        """Do ``work`` for those of ``tiles`` that cannot be restored.

        Raises:
            Stopped: from the work; the finished tiles are in the store then, if it takes them.
        """
        pieces = self._pieces(tiles)
        self._finished = {tiles[number] for number in self._store.restore(self._key, pieces)}
        self._restored(sum(tile.core.size.pixels for tile in self._finished))
        left = [tile for tile in tiles if tile not in self._finished]
        try:
            self._run_tiles(partial(self._compute, work), left)
        except Stopped:
            finished = [n for n, tile in enumerate(tiles) if tile in self._finished]
            self._store.keep(self._key, pieces, finished, self._seconds)
            raise

    def _pieces(self, tiles: Sequence[Tile]) -> Pieces:
        right = max(tile.core.right for tile in tiles)
        scale = self._outputs[0].shape[1] // right
        cores = [(tile.core * scale).slices for tile in tiles]
        return [[output[core] for output in self._outputs] for core in cores]

    def _compute(self, work: Callable[[Tile], None], tile: Tile) -> None:
        """Compute ``tile``. It may be a part of one, after memory ran out; that is not kept."""
        started = time.perf_counter()
        work(tile)
        with self._lock:
            self._seconds += time.perf_counter() - started
            self._finished.add(tile)
