"""Whether deflated data is whole. Decoders stop when they have enough, or have no more to give."""

import zlib
from collections.abc import Iterable

_STEP = 1 << 18


def inflated_length(parts: Iterable[bytes | memoryview], limit: int) -> int:
    """Bytes that a deflated stream in ``parts`` unpacks to; counted no further than ``limit``.

    Raises:
        zlib.error: it is damaged; a wrong checksum counts if the stream ends before the limit.
    """
    inflater, total = zlib.decompressobj(), 0
    for part in parts:
        rest: bytes | memoryview = part
        while rest and not inflater.eof and total <= limit:
            total += len(inflater.decompress(rest, _STEP))
            rest = inflater.unconsumed_tail
    return total + len(inflater.flush()) if total <= limit else total
