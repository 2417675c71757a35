"""Whether a JPEG that lacks its end marker has all its picture data.

A decoder fills missing blocks with gray and says nothing. So the scans are counted here, and what
follows the data is varied: it changes no pixel if the last scan is complete.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sr_batch.core.geometry import Size

END = b"\xff\xd9"
# Bits that no encoder writes, put behind the data. Two, as one could look like the missing bits.
_FOLLOWERS = tuple(bytes(at * factor % 251 for at in range(7, 999)) for factor in (89, 146))
_MARKERS = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
_RESTARTS = re.compile(rb"\xff[\xd0-\xd7]")
_SOS, _DRI = 0xDA, 0xDD
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = (0xC2, 0xCA)
_COEFFICIENTS = 64


@dataclass(frozen=True)
class _Frame:
    progressive: bool
    size: Size
    sampling: dict[int, tuple[int, int]]  # across and down, by component

    def blocks(self, components: Sequence[int]) -> int:
        """How many units (MCUs) a scan of these components has."""
        most_across = max(across for across, _ in self.sampling.values())
        most_down = max(down for _, down in self.sampling.values())
        if len(components) > 1:
            unit = Size(8 * most_across, 8 * most_down)
            return -(-self.size.width // unit.width) * -(-self.size.height // unit.height)
        across, down = self.sampling[components[0]]
        width = -(-self.size.width * across // most_across)
        height = -(-self.size.height * down // most_down)
        return -(-width // 8) * -(-height // 8)


@dataclass(frozen=True)
class _Scan:
    components: tuple[int, ...]
    coefficients: range
    shift: int
    start: int  # of its data
    restart: int  # blocks between restart markers; 0 is none


def without_end(data: bytes, first_scan: int) -> bytes | None:
    """``data`` up to where its end marker should be; None if it has one behind ``first_scan``."""
    if data.find(END, first_scan) >= 0:
        return None
    body = data.rstrip(b"\0")  # many zeros come from a file that was made longer than its data
    if body.endswith(b"\xff") or len(data) - len(body) == 1:
        body = data[: len(body) + 1]
    return body.removesuffix(b"\xff")


def has_all_scans(body: bytes) -> bool:
    """Whether the scans describe every coefficient to its last bit, and no restart is missing.

    Raises:
        LookupError, ValueError: the segments are damaged.
    """
    frame, scans = _read(body)
    missing = {(name, at) for name in frame.sampling for at in range(_COEFFICIENTS)}
    for scan in scans:
        every = scan.coefficients if frame.progressive else range(_COEFFICIENTS)
        if scan.shift == 0:
            missing -= {(name, at) for name in scan.components for at in every}
    last = scans[-1]
    if missing or not last.restart:
        return not missing
    expected = -(-frame.blocks(last.components) // last.restart) - 1
    return len(_RESTARTS.findall(body, last.start)) == expected


def variants(body: bytes) -> Iterator[bytes]:
    """The file with its end marker, then with other bits in front of it."""
    yield body + END
    for follower in _FOLLOWERS:
        yield body + follower + END


def _read(body: bytes) -> tuple[_Frame, list[_Scan]]:
    frame, scans, restart, at = None, list[_Scan](), 0, 2
    while (found := _MARKERS.search(body, at)) is not None:
        start = found.end()
        marker, length = found[1][0], int.from_bytes(body[start : start + 2], "big")
        content, at = body[start + 2 : start + length], start + length
        if marker in _FRAMES:
            frame = _frame(marker, content)
        elif marker == _DRI:
            restart = int.from_bytes(content, "big")
        elif marker == _SOS:
            scans.append(_scan(content, at, restart))
    if frame is None or not scans:
        raise ValueError("no frame or no scan")
    return frame, scans


def _frame(marker: int, content: bytes) -> _Frame:
    height, width = (int.from_bytes(content[at : at + 2], "big") for at in (1, 3))
    parts = (content[at : at + 3] for at in range(6, 6 + 3 * content[5], 3))
    sampling = {name: (factors >> 4, factors & 15) for name, factors, _ in parts}
    return _Frame(marker in _PROGRESSIVE, Size(width, height), sampling)


def _scan(content: bytes, start: int, restart: int) -> _Scan:
    count = content[0]
    first, last, bits = content[1 + 2 * count : 4 + 2 * count]
    components = tuple(content[1 : 1 + 2 * count : 2])
    return _Scan(components, range(first, last + 1), bits & 15, start, restart)
