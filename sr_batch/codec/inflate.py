"""Checks that deflated data is complete. Decoders ignore missing rows and wrong checksums."""

import zlib
from collections.abc import Iterable, Iterator

_STEP = 1 << 18


class Inflated:
    """The unpacked pieces of a deflated stream in ``parts``; not much beyond ``limit`` bytes.

    Iterating raises ``zlib.error`` at damage, and at a wrong checksum if the stream ends before
    the limit.
    """

    def __init__(self, parts: Iterable[bytes | memoryview], limit: int) -> None:
        self._parts = parts
        self._limit = limit
        self._inflater = zlib.decompressobj()

    @property
    def is_closed(self) -> bool:
        """Whether the stream has ended, with no data behind it."""
        return self._inflater.eof and not self._inflater.unused_data

    def __iter__(self) -> Iterator[bytes]:
        total = 0
        for part in self._parts:
            rest: bytes | memoryview = part
            while rest and not self._inflater.eof and total <= self._limit:
                piece = self._inflater.decompress(rest, _STEP)
                yield piece
                total += len(piece)
                rest = self._inflater.unconsumed_tail
        if total <= self._limit:
            yield self._inflater.flush()


def inflated_length(parts: Iterable[bytes | memoryview], limit: int) -> int:
    """How many bytes :class:`Inflated` gives."""
    return sum(map(len, Inflated(parts, limit)))
