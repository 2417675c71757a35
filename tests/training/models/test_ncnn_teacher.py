from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from sr_batch.importing.ncnn.read import BadNetwork
from tests.importing.ncnn.files import Line, Stack, plain_stack, write_network
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


@pytest.mark.parametrize(
    ("number", "old", "new", "message"),
    [
        (7, "BinaryOp add 2 1 d e out", "Concat add 2 1 d e out", "does not end in PixelShuffle"),
        (7, " out", " out 0=2", "layer add: must add two pictures"),
        (6, "0=1", "0=2", "layer enlarge: must repeat pixels 2 times"),
        (6, "1=2", "1=3", "layer enlarge: must repeat pixels 2 times"),
        (4, "1 1 b", "1 1 a", "layer last: does not follow bend"),
        (4, "4=1", "4=0", "layer last: must keep the size"),
        (4, "5=1", "5=1 3=2", "layer last: has a dilation, a stride"),
        (4, "5=1", "5=1 9=1", "layer last: has a dilation, a stride or an activation"),
        (3, "PReLU bend 1 1 a b 0=4", "ReLU bend 1 1 a b", "layer bend: ReLU is not part"),
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
