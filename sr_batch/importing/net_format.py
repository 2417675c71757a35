"""How a foreign network takes and returns pictures: layout, type, range, borders."""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from sr_batch.core.arrays import FloatArray

Layout = Literal["nchw", "nhwc"]
Range = Literal["0..1", "0..255", "-1..1"]

# A value of the network is a picture's value (0..1) times the first number plus the second.
RANGES: dict[Range, tuple[float, float]] = {
    "0..1": (1.0, 0.0),
    "0..255": (255.0, 0.0),
    "-1..1": (2.0, -1.0),
}


@dataclass(frozen=True)
class NetFormat:
    """What a network takes and returns.

    Attributes:
        layout: Order of the input's axes.
        layout_out: Order of the output's axes.
        channels: 3 or 1.
        dtype: Type of the input.
        range: Range of the input's values.
        range_out: Range of the output's values.
        bgr: Whether blue comes first.
    """

    layout: Layout
    layout_out: Layout
    channels: int
    dtype: str
    range: Range
    range_out: Range
    bgr: bool = False

    def to_net(self, planes: FloatArray) -> npt.NDArray[np.generic]:
        """(C, H, W) float32, 0..1 -> the network's input, a batch of one."""
        gain, offset = RANGES[self.range]
        values = planes[::-1] if self.bgr else planes
        values = values * np.float32(gain) + np.float32(offset)
        if self.dtype == "uint8":
            values = np.floor(values.clip(0, 255) + np.float32(0.5))
        batch = values[None].astype(self.dtype)
        return np.ascontiguousarray(batch.transpose(0, 2, 3, 1) if self.layout == "nhwc" else batch)

    def from_net(self, output: npt.NDArray[np.generic]) -> FloatArray:
        """The network's output -> (C, H, W) float32; 0..1, unclipped."""
        gain, offset = RANGES[self.range_out]
        values = output.astype(np.float32)
        batch = values.transpose(0, 3, 1, 2) if self.layout_out == "nhwc" else values
        planes = (batch[0] - np.float32(offset)) / np.float32(gain)
        return cast(FloatArray, planes[::-1] if self.bgr else planes)


@dataclass(frozen=True)
class Border:
    """How a picture is padded for a network, and its output cropped, to get scale x the picture.

    Attributes:
        before: Pixels to add at the top and at the left.
        after: Pixels to add at the bottom and at the right.
        crop: Pixels of the output to leave out at the top and at the left.
        crop_after: Pixels of the output to leave out at the bottom and at the right.
    """

    before: int
    after: int
    crop: int
    crop_after: int


def border_of(scale: int, lacking: int, multiple: int, remainder: int) -> Border:
    """The border for a network whose output lacks ``lacking`` pixels in each direction.

    The sides of its input must be ``remainder`` above a multiple of ``multiple``. The border is
    for pictures whose sides are multiples of ``multiple``.
    """
    first = lacking // 2
    before = -(-(lacking - first) // scale)
    after = before + (remainder - 2 * before) % multiple
    crop = before * scale - first
    return Border(before, after, crop, scale * (before + after) - lacking - crop)
