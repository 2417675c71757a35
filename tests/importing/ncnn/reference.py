"""One small network for each ncnn layer, and what the ncnn library makes of it.

``references.npz`` holds the library's outputs, so that the tests need no ncnn. After a change of
the networks, ``python -m tests.importing.ncnn.reference`` writes it again, where ncnn is installed
(the extra ``peers``).
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from tests.importing.ncnn.files import FULL, Line, convolution, write_network

REFERENCES = Path(__file__).with_name("references.npz")
CHANNELS, HEIGHT, WIDTH = 3, 7, 6


def picture() -> np.ndarray:
    """The input of all networks: float32 (C, H, W), 0..1."""
    size = (CHANNELS, HEIGHT, WIDTH)
    return np.random.default_rng(7).random(size, np.float32)


def networks() -> Mapping[str, list[Line]]:
    """Name -> layers from the blob ``in`` to the blob ``out``."""
    simple = {name: [Line(f"{text} 1 1 in out {params}")] for name, text, params in _SIMPLE}
    return {name: [Line("Input data 0 1 in"), *lines] for name, lines in (simple | _more()).items()}


_SIMPLE = (
    ("clip", "Clip c", "0=0.2 1=0.7"),
    ("crop", "Crop c", "-23309=2,1,2 -23310=2,-2,-1 -23311=2,1,2"),
    ("crop from the end", "Crop c", "-23309=2,1,2 -23310=2,-233,-1 -23311=2,-2,-1"),
    ("hard swish", "HardSwish h", "0=0.3 1=0.4"),
    ("leaky relu", "ReLU r", "0=0.1"),
    ("nearest", "Interp i", "0=1 1=2.0 2=3.0"),
    ("bilinear", "Interp i", "0=2 1=2.0 2=2.0"),
    ("bicubic", "Interp i", "0=3 1=2.0 2=2.0"),
    ("bicubic halved", "Interp i", "0=3 1=0.5 2=0.5"),
    ("pad with zeros", "Padding p", "0=1 1=2 2=3 3=0 4=0 5=0.5"),
    ("pad with the edge", "Padding p", "0=1 1=2 2=3 3=0 4=1"),
    ("pad by reflection", "Padding p", "0=1 1=2 2=3 3=0 4=2"),
    ("sigmoid", "Sigmoid s", ""),
    ("swish", "Swish s", ""),
    ("tanh", "TanH t", ""),
    ("scalar minus", "BinaryOp b", "0=7 1=1 2=0.3"),
    ("divided by a scalar", "BinaryOp b", "0=3 1=1 2=0.3"),
)


def _more() -> dict[str, list[Line]]:
    random = np.random.default_rng(3)

    def draw(*shape: int) -> np.ndarray:
        return random.normal(0, 0.4, shape).astype(np.float32)

    def conv(params: str, out: int = 4, inputs: int = 3, side: int = 3, kind: str = "") -> Line:
        weight = draw(out, inputs, side, side)
        text = f"Convolution{kind} c 1 1 in out 0={out} 1={side} 5=1 6={weight.size} {params}"
        return Line(text, FULL + weight.tobytes() + draw(out).tobytes())

    def deconv(params: str, side: int) -> Line:
        weight = draw(2, 3, side, side)
        text = f"Deconvolution d 1 1 in out 0=2 1={side} 5=1 6={weight.size} {params}"
        return Line(text, FULL + weight.tobytes() + draw(2).tobytes())

    fork = Line("Split fork 1 2 in left right")
    shuffled = {"weight": draw(12, 3, 1, 1), "bias": draw(12)}
    squeeze, excite = draw(2, 3), draw(3, 2)
    names = ("none", "relu", "leaky", "clip", "sigmoid", "mish", "hard swish")
    numbers = ("", "", " -23310=1,0.2", " -23310=2,-0.3,0.4", "", "", " -23310=2,0.2,0.5")
    return {
        **{
            f"convolution, {name}": [conv(f"4=1 9={kind}{numbers[kind]}")]
            for kind, name in enumerate(names)
        },
        "strides and uneven padding": [conv("3=2 13=1 4=2 14=1 15=0 16=3")],
        "dilation": [conv("2=2 4=2")],
        "padded to the same size": [conv("4=-233 3=2")],
        "padded to the same size, low": [conv("4=-234 3=2")],
        "depthwise": [conv("4=1 7=3", 3, 1, kind="DepthWise")],
        "deconvolution": [deconv("3=2 4=1", 4)],
        "deconvolution, uneven": [deconv("3=2 13=3 4=1 14=0 18=1 19=0", 3)],
        "batch norm": [Line("BatchNorm b 1 1 in out 0=3 1=0.01", _batch_norm(draw))],
        "scale": [Line("Scale s 1 1 in out 0=3 1=1", draw(3).tobytes() + draw(3).tobytes())],
        "prelu": [Line("PReLU p 1 1 in out 0=3", draw(3).tobytes())],
        "one slope": [Line("PReLU p 1 1 in out 0=1", draw(1).tobytes())],
        "shuffle": [
            convolution("c", "in", "a", shuffled, half=False),
            Line("PixelShuffle p 1 1 a out 0=2"),
        ],
        "shuffle, other order": [
            convolution("c", "in", "a", shuffled, half=False),
            Line("PixelShuffle p 1 1 a out 0=2 1=1"),
        ],
        "squeeze and excite": [
            fork,
            Line("Pooling pool 1 1 left a 0=1 4=1"),
            Line("InnerProduct one 1 1 a b 0=2 1=1 2=6 9=1", _inner(squeeze, draw(2))),
            Line("InnerProduct two 1 1 b c 0=3 1=1 2=6 9=4", _inner(excite, draw(3))),
            Line("Scale s 2 1 right c out 0=-233"),
        ],
        "greatest": [
            fork,
            Line("Pooling p 1 1 left a 0=0 4=1"),
            Line("Scale s 2 1 right a out 0=-233"),
        ],
        "crop like another": [
            fork,
            Line("Crop small 1 1 left a -23309=2,1,1 -23310=2,-2,-1 -23311=2,1,2"),
            Line("Crop c 2 1 right a out 0=1 1=2"),
        ],
        "weighted sum": [
            fork,
            Line("TanH t 1 1 left a"),
            Line("Eltwise e 2 1 a right out 0=1 -23301=2,0.2,1.5"),
        ],
        "product": [fork, Line("TanH t 1 1 left a"), Line("Eltwise e 2 1 a right out 0=0")],
        "maximum": [fork, Line("TanH t 1 1 left a"), Line("Eltwise e 2 1 a right out 0=2")],
        "concatenation": [fork, Line("TanH t 1 1 left a"), Line("Concat e 2 1 a right out 0=0")],
        "difference": [fork, Line("TanH t 1 1 left a"), Line("BinaryOp e 2 1 a right out 0=1")],
        "reversed quotient": [
            fork,
            Line("TanH t 1 1 left a"),
            Line("BinaryOp e 2 1 a right out 0=8"),
        ],
    }


def _batch_norm(draw: Callable[[int], np.ndarray]) -> bytes:
    """Slopes, means, variances and biases."""
    return b"".join(part.tobytes() for part in (draw(3), draw(3), draw(3) ** 2, draw(3)))


def _inner(weight: np.ndarray, bias: np.ndarray) -> bytes:
    return FULL + weight.tobytes() + bias.tobytes()


def outputs() -> Iterator[tuple[str, np.ndarray]]:
    """What the ncnn library computes for each network, in fp32 without its shortcuts."""
    import ncnn

    for name, lines in networks().items():
        with tempfile.TemporaryDirectory() as folder:
            path = write_network(Path(folder), lines)
            net = ncnn.Net()
            for option in ("packed", "storage", "arithmetic"):
                setattr(net.opt, f"use_fp16_{option}", False)
            net.load_param(str(path))
            net.load_model(str(path.with_suffix(".bin")))
            extractor = net.create_extractor()
            extractor.input("in", ncnn.Mat(picture()).clone())
            yield name, np.array(extractor.extract("out")[1], np.float32)


if __name__ == "__main__":
    np.savez_compressed(REFERENCES, allow_pickle=False, **dict(outputs()))
