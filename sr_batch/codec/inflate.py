"""Whether deflated data is whole. Decoders stop when they have enough, or have no more to give."""

import zlib
from collections.abc import Iterable, Iterator

_STEP = 1 << 18


class Inflated:
    """What a deflated stream in ``parts`` unpacks to, piece by piece; not much beyond ``limit``.

    Iterating raises ``zlib.error`` where it is damaged; a wrong checksum counts if the stream ends
    before the limit.
    """

    def __init__(self, parts: Iterable[bytes | memoryview], limit: int) -> None:
        self._parts = parts
        self._limit = limit
        self._inflater = zlib.decompressobj()

    @property
    def is_closed(self) -> bool:
        """Whether the stream has come to its end, with nothing behind it."""
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
