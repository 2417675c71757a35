"""What a PNG says of its colours: a profile (iCCP), numbers (cICP), or curve and primaries."""

import struct
import zlib
from collections.abc import Mapping

from sr_batch.codec.color import h273, made_profile

_SCALE = 100_000
_MAX_PROFILE = 1 << 26
_MAX_GAMMA = 100.0
_SHORTEST_PROFILE = 132
_DAMAGED = "a damaged ICC profile left out"
_STRANGE = "gAMA or cHRM make no sense, colours read as sRGB"
_NARROW = "samples of the limited range of video read as they are"


def profile(
    chunks: Mapping[str, bytes], stored: bytes | None, *, gray: bool
) -> tuple[bytes | None, str]:
    """The profile of the picture, None for sRGB; and a note.

    Args:
        chunks: The first of every kind.
        stored: A profile that is stored as a text, as old programs do it.
        gray: Whether the samples are gray.

    Raises:
        UnsupportedImage: it is HDR.
    """
    icc = _icc(chunks["iCCP"]) if "iCCP" in chunks else stored
    note = _DAMAGED if "iCCP" in chunks and icc is None else ""
    if len(numbers := chunks.get("cICP", b"")) == 4:
        icc, said = h273.described(icc, numbers[0], numbers[1], gray=gray)
        notes = (note, said, "" if numbers[3] else _NARROW)
        return icc, "; ".join(filter(None, notes))
    if icc is None and "sRGB" not in chunks:
        icc, said = _described(chunks, gray=gray)
        return icc, note or said
    return icc, note


def _icc(chunk: bytes) -> bytes | None:
    """The profile in an iCCP chunk; its own length is believed, not the stream's checksum."""
    packed = chunk.partition(b"\0")[2][1:]
    try:
        plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed[2:], _MAX_PROFILE)
    except zlib.error:
        return None
    length = int.from_bytes(plain[:4], "big")
    return plain if _SHORTEST_PROFILE <= length <= len(plain) else None


def _described(chunks: Mapping[str, bytes], *, gray: bool) -> tuple[bytes | None, str]:
    """The profile of gAMA and cHRM."""
    try:
        gamma, points = _gamma(chunks.get("gAMA")), _points(chunks.get("cHRM"))
        return made_profile.of_description(gamma, points, gray=gray), ""
    except (ValueError, struct.error):
        return None, _STRANGE


def _gamma(chunk: bytes | None) -> float | None:
    """The exponent from samples to light."""
    if chunk is None:
        return None
    (value,) = struct.unpack(">I", chunk)
    if not _SCALE / _MAX_GAMMA <= value <= _SCALE * _MAX_GAMMA:
        raise ValueError("not a gamma")
    return float(_SCALE / value)


def _points(chunk: bytes | None) -> tuple[float, ...] | None:
    """White, red, green and blue, each as x and y."""
    if chunk is None:
        return None
    return tuple(value / _SCALE for value in struct.unpack(">8I", chunk))
