"""Damage, by number: a number always does the same to the same file of the corpus.

``python -m tests.corpus.mutate NUMBER FILE`` writes one mutated file.
"""

import random
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.codec.pictures import png_chunk
from tests.corpus.table import ALL, READ

Step = Callable[[bytes, random.Random], bytes]

_ODD_NUMBERS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Mutation:
    """A damaged file.

    Attributes:
        data: Its bytes.
        recipe: The original file and the steps that damaged it.
        suffix: For the name of the file.
    """

    data: bytes
    recipe: str
    suffix: str


def mutation(number: int) -> Mutation:
    """The mutation of this number."""
    chance = random.Random(number)
    name = chance.choice(sorted(READ if chance.random() < 0.9 else ALL))
    data, done = _corpus()[name], []
    for _ in range(chance.choice((1, 1, 2, 3))):
        step = chance.choice(_STEPS)
        data = step(data, chance)
        done.append(step.__name__.strip("_"))
    if data.startswith(_SIGNATURE) and chance.random() < 0.7:
        data = _with_checksums(data)
        done.append("checksums fixed")
    return Mutation(data, f"{name}: {', '.join(done)}", Path(name).suffix or ".png")


@cache
def _corpus() -> dict[str, bytes]:
    return {name: row.make() for name, row in ALL.items()}


def _flip_bits(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8) if data else 0):
        changed[_place(data, chance)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(data: bytes, chance: random.Random) -> bytes:
    at, length = _place(data, chance), chance.randint(1, 64)
    filling = chance.choice((bytes(length), b"\xff" * length, chance.randbytes(length)))
    return data[:at] + filling + data[at + length :]


def _truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: _place(data, chance)]


def _splice(data: bytes, chance: random.Random) -> bytes:
    """The head of one file and the tail of another, in half of all cases one of its kind."""
    names = sorted(_corpus())
    if chance.random() < 0.5:
        names = [name for name in names if _corpus()[name][:4] == data[:4]] or names
    other = _corpus()[chance.choice(names)]
    return data[: _place(data, chance)] + other[_place(other, chance) :]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    at, length = _place(data, chance), chance.randint(1, 400)
    return data[:at] + data[at : at + length] * chance.choice((2, 3, 50)) + data[at + length :]


def _leave_out(data: bytes, chance: random.Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + data[at + chance.randint(1, 400) :]


def _change_number(data: bytes, chance: random.Random) -> bytes:
    """A length, a count or an offset, if there is one at that place, says something odd."""
    at = _place(data, chance)
    order, kind = chance.choice("<>"), chance.choice("HI")
    size = struct.calcsize(kind)
    limit = 2 ** (8 * size) - 1
    odd = chance.choice((*_ODD_NUMBERS, len(data), len(data) - 1, chance.randrange(2**32)))
    return data[:at] + struct.pack(order + kind, odd & limit) + data[at + size :]


def _change_pixels(data: bytes, chance: random.Random) -> bytes:
    """The rows of a PNG, unpacked, suffer, or another chunk in its place; else as the others."""
    step = chance.choice((_flip_bits, _overwrite, _truncate, _repeat, _leave_out))
    start = data.find(b"IDAT")
    if not data.startswith(_SIGNATURE) or start < 0:
        return step(data, chance)
    length = int.from_bytes(data[start - 4 : start], "big")
    try:
        rows = zlib.decompress(data[start + 4 : start + 4 + length])
    except zlib.error:
        return step(data, chance)
    chunk = png_chunk(b"IDAT", zlib.compress(step(rows, chance)))
    return data[: start - 4] + chunk + data[start + 8 + length :]


_STEPS: tuple[Step, ...] = (
    *(_flip_bits, _overwrite, _truncate, _splice, _repeat, _leave_out),
    *(_change_number, _change_number, _change_pixels),
)


def _place(data: bytes, chance: random.Random) -> int:
    """Anywhere; half of the time near the front, where the metadata is."""
    limit = min(len(data), 600) if chance.random() < 0.5 else len(data)
    return chance.randrange(max(limit, 1))


def _with_checksums(data: bytes) -> bytes:
    """A PNG whose checksums are right again, as far as there are chunks."""
    fixed, at = bytearray(data), len(_SIGNATURE)
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        struct.pack_into(">I", fixed, end, zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(fixed)


if __name__ == "__main__":
    made = mutation(int(sys.argv[1]))
    Path(sys.argv[2]).write_bytes(made.data)
    print(made.recipe)
