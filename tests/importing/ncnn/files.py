"""Small networks in the files of ncnn, written for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HALF = np.uint32(0x01306B47).tobytes()
FULL = np.uint32(0).tobytes()


@dataclass(frozen=True)
class Line:
    """A layer of the .param, and its bytes of the .bin."""

    text: str
    data: bytes = b""


@dataclass(frozen=True)
class Stack:
    """A plain stack: its lines, and the arrays that were written, by layer and name."""

    lines: Sequence[Line]
    arrays: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)


def plain_stack(channels: int = 4, scale: int = 2, seed: int = 0, half: bool = True) -> Stack:
    """Two convolutions with a PReLU between them, a shuffle, and the input's pixels repeated."""
    random = np.random.default_rng(seed)
    kind = np.float16 if half else np.float32

    def draw(*shape: int) -> np.ndarray:
        return random.normal(0, 0.2, shape).astype(kind).astype(np.float32)

    out = 3 * scale**2
    first = {"weight": draw(channels, 3, 3, 3), "bias": draw(channels)}
    last = {"weight": draw(out, channels, 3, 3), "bias": draw(out)}
    slope = draw(channels)
    lines = [
        Line("Input in 0 1 data"),
        Line("Split fork 1 2 data left right"),
        convolution("first", "left", "a", first, half),
        Line(f"PReLU bend 1 1 a b 0={channels}", slope.tobytes()),
        convolution("last", "b", "c", last, half),
        Line(f"PixelShuffle shuffle 1 1 c d 0={scale}"),
        Line(f"Interp enlarge 1 1 right e 0=1 1={scale:e} 2={scale:e}"),
        Line("BinaryOp add 2 1 d e out"),
    ]
    return Stack(lines, {"first": first, "bend": {"slope": slope}, "last": last})


def convolution(
    name: str, reads: str, writes: str, arrays: Mapping[str, np.ndarray], half: bool
) -> Line:
    weight, bias = arrays["weight"], arrays["bias"]
    out, _, _, side = weight.shape
    text = f"Convolution {name} 1 1 {reads} {writes} 0={out} 1={side} 4={side // 2} 5=1"
    flagged = _halves(weight) if half else FULL + weight.astype("<f4").tobytes()
    return Line(f"{text} 6={weight.size}", flagged + bias.astype("<f4").tobytes())


def write_network(folder: Path, lines: Sequence[Line], name: str = "net") -> Path:
    """``folder/NAME.param`` and the .bin beside it. Returns the .param."""
    path = folder / f"{name}.param"
    text = "".join(f"{line.text}\n" for line in lines)
    blobs = sum(int(fields[3]) for line in lines if len(fields := line.text.split()) > 3)
    path.write_text(f"7767517\n{len(lines)} {blobs}\n{text}", encoding="utf-8")
    path.with_suffix(".bin").write_bytes(b"".join(line.data for line in lines))
    return path


def _halves(weight: np.ndarray) -> bytes:
    data = weight.astype("<f2").tobytes()
    return HALF + data + bytes(-len(data) % 4)
