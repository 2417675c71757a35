"""Whether deflated data is whole. Decoders stop when they have enough, or have no more to give."""

import zlib
from collections.abc import Iterable, Iterator

_STEP = 1 << 18


def inflated(parts: Iterable[bytes | memoryview], limit: int) -> Iterator[bytes]:
    """What a deflated stream in ``parts`` unpacks to, piece by piece; not much beyond ``limit``.

    Raises:
        zlib.error: it is damaged; a wrong checksum counts if the stream ends before the limit.
    """
    inflater, total = zlib.decompressobj(), 0
    for part in parts:
        rest: bytes | memoryview = part
        while rest and not inflater.eof and total <= limit:
            piece = inflater.decompress(rest, _STEP)
            yield piece
            total += len(piece)
            rest = inflater.unconsumed_tail
    if total <= limit:
        yield inflater.flush()


def inflated_length(parts: Iterable[bytes | memoryview], limit: int) -> int:
    """How many bytes :func:`inflated` gives."""
    return sum(map(len, inflated(parts, limit)))
