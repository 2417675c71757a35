"""Teachers compute what their ncnn files say, and others are refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from onnxruntime import InferenceSession

from sr_batch.importing.ncnn.read import BadNetwork
from sr_batch.importing.ncnn.to_onnx import to_model
from tests.importing.ncnn.files import Line, Stack, convolution, plain_stack, write_network
from training.models.ncnn_teacher import load_teacher


def by_hand(stack: Stack, x: torch.Tensor, scale: int) -> torch.Tensor:
    """The output of ``stack``, written out."""
    first, bend, last = (
        {key: torch.from_numpy(array) for key, array in stack.arrays[name].items()}
        for name in ("first", "bend", "last")
    )
    seen = F.conv2d(x, first["weight"], first["bias"], padding=1)
    seen = torch.where(seen > 0, seen, bend["slope"].view(1, -1, 1, 1) * seen)
    detail = F.conv2d(seen, last["weight"], last["bias"], padding=1)
    return F.pixel_shuffle(detail, scale) + x.repeat_interleave(scale, 2).repeat_interleave(
        scale, 3
    )


@pytest.mark.parametrize("scale", [2, 4])
def test_computes_the_network_of_the_file(tmp_path: Path, scale: int) -> None:
    stack = plain_stack(5, scale)
    teacher = load_teacher(write_network(tmp_path, stack.lines))
    x = torch.rand(2, 3, 9, 7)
    torch.testing.assert_close(teacher(x), by_hand(stack, x, scale))
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


def dense() -> list[Line]:
    """A network with all that an RRDB has: dense connections, weighted sums, two enlargements."""
    random = np.random.default_rng(3)

    def conv(name: str, reads: str, writes: str, inputs: int, outputs: int, rest: str = "") -> Line:
        arrays = {
            "weight": random.normal(0, 0.2, (outputs, inputs, 3, 3)).astype(np.float32),
            "bias": random.normal(0, 0.2, outputs).astype(np.float32),
        }
        line = convolution(name, reads, writes, arrays, half=False)
        return Line(f"{line.text}{rest}", line.data)

    bent = " 9=2 -23310=1,0.2"
    return [
        Line("Input in 0 1 data"),
        conv("first", "data", "a", 3, 4),
        Line("Split fork 1 4 a a1 a2 a3 a4"),
        conv("grow", "a1", "b", 4, 2, bent),
        Line("Concat join 2 1 a2 b c 0=0"),
        conv("back", "c", "d", 6, 4),
        Line("Eltwise residual 2 1 d a3 e 0=1 -23301=2,0.2,1.0"),
        Line("BinaryOp whole 2 1 a4 e f"),
        Line("Interp twice 1 1 f g 0=1 1=2.0 2=2.0"),
        conv("up", "g", "h", 4, 4, " 9=1"),
        Line("Interp again 1 1 h i 0=1 1=2.0 2=2.0"),
        conv("last", "i", "out", 4, 3),
    ]


def test_computes_dense_networks_as_the_converted_file_does(tmp_path: Path) -> None:
    param = write_network(tmp_path, dense())
    teacher, x = load_teacher(param), torch.rand(2, 3, 9, 7)
    session = InferenceSession(to_model(param).SerializeToString())
    (expected,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    assert teacher.scale == 4
    np.testing.assert_allclose(teacher(x).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("number", "old", "new", "message"),
    [
        (7, "BinaryOp add 2 1 d e out", "Concat add 2 1 d e out", "does not make one RGB picture"),
        (7, " out", " out 0=2", "layer add: must add two pictures"),
        (6, "0=1", "0=2", "layer enlarge: must repeat pixels"),
        (6, "1=2", "1=3", "layer enlarge: must repeat pixels"),
        (5, "0=2", "0=4", "layer shuffle: does not fit the layers before it"),
        (4, "1 1 b", "1 1 a", "layer last: does not fit the layers before it"),
        (4, "4=1", "4=0", "layer last: must keep the size"),
        (4, "5=1", "5=1 3=2", "layer last: has a dilation, a stride or groups"),
        (4, "5=1", "5=1 9=4", "layer last: has an activation other than ReLU and LeakyReLU"),
        (3, "PReLU bend 1 1 a b 0=4", "ReLU bend 1 1 a b", "layer bend: is ReLU; a teacher has"),
        (0, "in 0 1 data", "in 0 2 data more", "has 2 inputs; a teacher has one"),
    ],
)
def test_refuses_other_structures(
    tmp_path: Path, number: int, old: str, new: str, message: str
) -> None:
    lines = list(plain_stack().lines)
    changed = lines[number].text.replace(old, new)
    assert changed != lines[number].text
    data = b"" if changed.startswith("ReLU") else lines[number].data
    lines[number] = Line(changed, data)
    with pytest.raises(BadNetwork, match=message):
        load_teacher(write_network(tmp_path, lines))
