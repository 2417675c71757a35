"""Animations built byte by byte, and what a player shows of them, pixel by pixel."""

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.core.image import Image, Metadata, Timing
from tests.codec.pictures import PLENTY, noise, png_chunk, saved, unfiltered

Array = npt.NDArray[Any]
AFTER = ("keep", "clear", "restore")


@dataclass(frozen=True)
class Stored:
    """A frame in a file: (h, w, 4) ``pixels`` at a place, and what is done with them."""

    left: int
    top: int
    pixels: Array
    over: bool = True
    after: str = "keep"
    delay: tuple[int, int] = (1, 10)

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]


def played(across: int, down: int, frames: Sequence[Stored]) -> list[Array]:
    """The canvas (H, W, 4) at every frame, in exact numbers."""
    levels = int(np.iinfo(frames[0].pixels.dtype).max)
    canvas = np.zeros((down, across, 4), frames[0].pixels.dtype)
    shown = []
    for frame in frames:
        before = canvas.copy()
        for (row, column), _ in np.ndenumerate(frame.pixels[..., 0]):
            place = frame.top + row, frame.left + column
            new = tuple(int(value) for value in frame.pixels[row, column])
            old = tuple(int(value) for value in canvas[place])
            canvas[place] = _over(new, old, levels) if frame.over else new
        shown.append(canvas.copy())
        width, height = frame.size
        part = np.s_[frame.top : frame.top + height, frame.left : frame.left + width]
        if frame.after == "clear":
            canvas[part] = 0
        elif frame.after == "restore":
            canvas[part] = before[part]
    return shown


def _over(new: tuple[int, ...], old: tuple[int, ...], levels: int) -> tuple[int, ...]:
    if new[3] in (0, levels):
        return new if new[3] else old
    share = Fraction(new[3], levels)
    rest = Fraction(old[3], levels) * (1 - share)
    colors = (a * share + b * rest for a, b in zip(new[:3], old[:3], strict=True))
    total = share + rest
    return (*(round(color / total) for color in colors), round(total * levels))


def gif_file(
    width: int,
    height: int,
    frames: Sequence[Stored],
    again: int | None = None,
    *extensions: bytes,
) -> bytes:
    """``again`` is the count in the extension of loops; None leaves it out."""
    parts = [b"GIF89a", struct.pack("<HHBBB", width, height, 0, 0, 0)]
    if again is not None:
        parts.append(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", again) + b"\0")
    return b"".join((*parts, *extensions, *map(_gif_frame, frames), b";"))


def _gif_frame(frame: Stored) -> bytes:
    """Up to 255 colours in a palette of its own, in which the last is transparent."""
    seen = frame.pixels[..., 3] == 255
    colors, places = np.unique(frame.pixels[..., :3].reshape(-1, 3), axis=0, return_inverse=True)
    indices = np.where(seen.ravel(), places.ravel(), 255)
    table = colors.tobytes().ljust(768, b"\0")
    how = {"keep": 1, "clear": 2, "restore": 3}[frame.after] << 2 | (not seen.all())
    ticks = frame.delay[0] * 100 // frame.delay[1]
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, how, ticks, 255, 0)
    place = struct.pack("<BHHHHB", 0x2C, frame.left, frame.top, *frame.size, 0x87)
    return control + place + table + gif_data(indices.tolist())


def gif_data(indices: list[int]) -> bytes:
    """LZW that compresses nothing: 9 bits each, restarted before they become 10."""
    codes = []
    for at in range(0, len(indices), 250):
        codes += [256, *indices[at : at + 250]]
    number = sum(code << 9 * place for place, code in enumerate([*codes, 257]))
    packed = number.to_bytes((9 * len(codes) + 16) // 8, "little")
    blocks = (packed[at : at + 255] for at in range(0, len(packed), 255))
    return b"\x08" + b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"


def apng_file(width: int, height: int, frames: Sequence[Stored], plays: int = 0) -> bytes:
    """RGB with alpha. Where the first frame is no whole picture, one that is no frame leads."""
    hidden = frames[0].size != (width, height)
    bits = frames[0].pixels.dtype.itemsize * 8
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 6, 0, 0, 0)),
        (b"acTL", struct.pack(">II", len(frames), plays)),
    ]
    number = 0
    if hidden:
        blank = np.full((height, width, 4), 77, frames[0].pixels.dtype)
        chunks.append((b"IDAT", zlib.compress(unfiltered(blank))))
    for index, frame in enumerate(frames):
        how = AFTER.index(frame.after), frame.over
        control = (number, *frame.size, frame.left, frame.top, *frame.delay, *how)
        chunks.append((b"fcTL", struct.pack(">IIIIIHHBB", *control)))
        packed = zlib.compress(unfiltered(frame.pixels))
        number += 1
        if index == 0 and not hidden:
            chunks.append((b"IDAT", packed))
            continue
        for piece in (packed[:20], packed[20:]):
            chunks.append((b"fdAT", struct.pack(">I", number) + piece))
            number += 1
    chunks.append((b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def webp_file(
    width: int, height: int, frames: Sequence[Stored], plays: int = 0, *extra: tuple[bytes, bytes]
) -> bytes:
    """Every frame without loss; places are even."""
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    chunks = [
        (b"VP8X", bytes((0x12, 0, 0, 0)) + sides),
        (b"ANIM", struct.pack("<IH", 0xFF00FF00, plays)),
    ]
    for frame in frames:
        still = saved(Pillow.fromarray(frame.pixels), "WEBP", lossless=True, exact=True)
        at = still.index(b"VP8L")
        numbers = (frame.left // 2, frame.top // 2, frame.size[0] - 1, frame.size[1] - 1)
        delay = frame.delay[0] * 1000 // frame.delay[1]
        head = b"".join(struct.pack("<I", number)[:3] for number in (*numbers, delay))
        how = (not frame.over) << 1 | (frame.after == "clear")
        chunks.append((b"ANMF", head + bytes((how,)) + still[at:]))
    return riff(*chunks, *extra)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@st.composite
def animations(
    draw: st.DrawFn,
    alphas: Sequence[int] = (0, 255),
    after: Sequence[str] = AFTER,
    depth: int = 8,
    step: int = 1,
    covered: bool = False,
) -> tuple[int, int, list[Stored]]:
    """Width, height and frames, their places multiples of ``step``.

    ``covered`` begins with one that leaves no part of the canvas free.
    """
    width, height = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    frames = (
        [Stored(0, 0, noise(height, width, 4) | np.array([0, 0, 0, 255], np.uint8))]
        if covered
        else []
    )
    for _ in range(draw(st.integers(2, 5))):
        left = draw(st.integers(0, (width - 1) // step)) * step
        top = draw(st.integers(0, (height - 1) // step)) * step
        size = draw(st.integers(1, height - top)), draw(st.integers(1, width - left))
        random = np.random.default_rng(draw(st.integers(0, 10**6)))
        pixels = random.integers(0, 2**depth, (*size, 4)).astype(f"u{depth // 8}")
        chosen = np.array(alphas, pixels.dtype) if draw(st.booleans()) else pixels[:1, 0, 3] | 255
        pixels[..., 3] = random.choice(chosen, size)
        over, then = draw(st.booleans()), draw(st.sampled_from(after))
        frames.append(Stored(left, top, pixels, over, then))
    return width, height, frames


def read_all(data: bytes) -> list[Image]:
    return list(codec.read_pages(data, "animation", PLENTY))


def as_rgba(image: Image) -> Array:
    """(H, W, 4), with the colour of what is invisible blackened."""
    opaque = np.full(image.color.shape[:2], image.levels, image.color.dtype)
    alpha = opaque if image.alpha is None else image.alpha
    color = np.broadcast_to(image.color, (*alpha.shape, 3))
    return blackened(np.concatenate((color, alpha[..., None]), axis=2))


def blackened(pixels: Array) -> Array:
    return np.where(pixels[..., 3:] == 0, 0, pixels)


def with_pillow(data: bytes) -> list[Array]:
    """What Pillow's players make of it."""
    with Pillow.open(io.BytesIO(data)) as opened:
        frames = []
        for index in range(getattr(opened, "n_frames", 1)):
            opened.seek(index)
            frames.append(blackened(np.asarray(opened.convert("RGBA"))))
    return frames


def times_of_pillow(data: bytes) -> tuple[int | None, list[float]]:
    """How often it repeats, and the milliseconds of all frames."""
    with Pillow.open(io.BytesIO(data)) as opened:
        times = []
        for index in range(getattr(opened, "n_frames", 1)):
            opened.seek(index)
            opened.load()
            times.append(opened.info["duration"])
        return opened.info.get("loop"), times


def animation(
    frames: Sequence[Array],
    delays: Sequence[Fraction | int] = (),
    plays: int = 0,
    metadata: Metadata | None = None,
) -> list[Image]:
    """Whole frames (H, W, 1, 3 or 4), as the codec gives and takes them."""
    delays = delays or [100] * len(frames)
    return [
        Image(
            pixels[..., :3],
            pixels[..., 3] if pixels.shape[2] == 4 else None,
            metadata or Metadata(),
            timing=Timing(Fraction(delay), plays),
        )
        for pixels, delay in zip(frames, delays, strict=True)
    ]
