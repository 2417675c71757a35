"""Measures how a foreign network works, by calling it. Pure decisions over a function.

Nothing is believed that the file says of itself, except the type and the shape of its input.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sr_batch.core.arrays import FloatArray
from sr_batch.core.errors import ImportRefused
from sr_batch.core.model_spec import LEAST_CONSISTENCY
from sr_batch.importing.drawn_picture import draw, likeness, psnr
from sr_batch.importing.graph_check import Port
from sr_batch.importing.net_format import Border, NetFormat, Range, border_of
from sr_batch.importing.reach import Enlarge, Reach, measure_reach, reach_in_window
from sr_batch.importing.trial import ONE_COLOR, OVERFLOW, Call, CallFailed, Trial, first_trial, run

LEAST_SIDE = 8
_MOST_MULTIPLE = 64
# The likeness at another size may be this much lower, in dB: other parts of the picture are seen.
_TOLERANCE = 10.0
_DETERMINISTIC = 1e-3
_ENOUGH = 6


@dataclass(frozen=True)
class Measured:
    """What was measured of a network.

    Attributes:
        format: How it takes and returns pictures.
        scale: Output side / input side.
        lacking: Output pixels that are missing in each direction.
        multiple: The sides of its input are ``remainder`` above a multiple of this.
        remainder: See ``multiple``.
        window: The only width of a picture that it takes; 0 if there are several.
        window_rows: The only height, if that is another.
        least: Shortest side of a picture, after padding to ``multiple``.
        reach: How far the pixels around a tile matter; None if measuring would take too long.
        likeness: dB between the reduced output and the input.
        swap: dB between the outputs for RGB and for BGR, of networks for color.
    """

    format: NetFormat
    scale: int
    lacking: int
    multiple: int
    remainder: int
    window: int
    window_rows: int
    least: int
    reach: Reach | None
    likeness: float
    swap: float | None

    @property
    def border(self) -> Border:
        """The padding that makes the output ``scale`` times the picture."""
        return border_of(self.scale, self.lacking, self.multiple, self.remainder)


def probe(
    call: Call,
    port: Port,
    given: Range | None = None,
    seconds: float = 30.0,
    clock: Callable[[], float] = time.process_time,
) -> Measured:
    """Measure a network.

    Args:
        call: The network, on its own arrays.
        port: Its declared input.
        given: The range of its values, if the user knows it.
        seconds: Processor time to find out how far pixels matter.
        clock: Seconds of processor time, which other programs do not prolong.

    Raises:
        ImportRefused: it is not a network that enlarges or restores pictures, or is not supported;
            without a file name.
    """
    trial = first_trial(call, port, given)
    probed = _Probed(call, trial)
    probed.require_steady()
    pace = probed.pace(clock)
    multiple = 0 if port.has_fixed_sides else probed.multiple()
    if multiple:
        probed.require_all_sizes(multiple)
        sizes = _Sizes(multiple, trial.width % multiple, None)
    else:
        sizes = _Sizes(1, 0, (trial.height, trial.width))
    border = border_of(trial.scale, trial.lacking, sizes.multiple, sizes.remainder)
    rows, columns = _within(border, sizes)
    return Measured(
        trial.format,
        trial.scale,
        trial.lacking,
        sizes.multiple,
        sizes.remainder,
        columns,
        0 if rows == columns else rows,
        probed.least(sizes.multiple, border) if multiple else LEAST_SIDE,
        probed.reach(sizes, border, pace, seconds),
        round(trial.likeness, 2),
        probed.swap(),
    )


class _Sizes(NamedTuple):
    multiple: int
    remainder: int
    window: tuple[int, int] | None


def _within(border: Border, sizes: _Sizes) -> tuple[int, int]:
    """The only height and width of a picture, without its border; 0 if there are several."""
    rows, columns = sizes.window or (0, 0)
    around = border.before + border.after
    return (rows - around, columns - around) if sizes.window else (0, 0)


def padded(call: Call, form: NetFormat, scale: int, border: Border) -> Enlarge:
    """The network as a function that enlarges (C, H, W), 0..1, by ``scale``."""

    def enlarge(picture: FloatArray) -> FloatArray:
        sides = (border.before, border.after)
        given = np.pad(picture, ((0, 0), sides, sides), mode="reflect")
        output = run(call, form, given)
        rows, columns = (side * scale for side in picture.shape[1:])
        return output[:, border.crop : border.crop + rows, border.crop : border.crop + columns]

    return enlarge


class _Probed:
    """A network, and the trial that succeeded."""

    def __init__(self, call: Call, trial: Trial) -> None:
        self._call, self._trial = call, trial
        self._channels = trial.format.channels

    def require_steady(self) -> None:
        picture = self._picture()
        one, other = (run(self._call, self._trial.format, picture) for _ in range(2))
        if np.abs(one - other).max() > _DETERMINISTIC:
            raise ImportRefused(
                "its output for one picture changes from call to call: export it for inference"
            )
        if one.std() < 1e-3:
            raise ImportRefused(ONE_COLOR)

    def pace(self, clock: Callable[[], float]) -> float:
        """Seconds for an LR pixel, from pictures for which the output must be finite."""
        random = np.random.default_rng(0)
        noise = random.random(self._picture().shape, np.float32)
        started = clock()
        for picture in (np.zeros_like(noise), np.ones_like(noise), noise):
            if not np.isfinite(run(self._call, self._trial.format, picture)).all():
                raise ImportRefused(
                    f"it returns NaN or infinite values for some pictures: {OVERFLOW}"
                )
        return (clock() - started) / (3 * self._trial.height * self._trial.width)

    def reach(self, sizes: _Sizes, border: Border, pace: float, seconds: float) -> Reach | None:
        enlarge = padded(self._call, self._trial.format, self._trial.scale, border)
        if sizes.window:
            return reach_in_window(enlarge, self._channels, *_within(border, sizes))
        return measure_reach(enlarge, self._channels, sizes.multiple, pace, seconds)

    def multiple(self) -> int:
        """The smallest step between widths that work; 0 if no other width works."""
        height, width = self._trial.height, self._trial.width
        for step in range(1, _MOST_MULTIPLE + 1):
            if self._works(height, width + step) and self._works(height + step, width):
                return step
        return 0

    def require_all_sizes(self, multiple: int) -> None:
        """Try sizes that are shorter, longer and oblong."""
        trial, side = self._trial, self._trial.width
        steps = side // 3 // multiple or 1
        least = -(-trial.lacking // trial.scale) + _ENOUGH
        low = side - min(steps, max(side - least, 0) // multiple) * multiple
        high = side + 2 * steps * multiple
        for height, width in ((low, high), (high, side + multiple)):
            if not self._works(height, width):
                raise ImportRefused(
                    f"it works at {side}x{side} and not at {width}x{height}: export it with free"
                    " height and width, and try it at several sizes"
                )

    def least(self, multiple: int, border: Border) -> int:
        """The shortest side of a picture that works, in steps of doubling."""
        around = border.before + border.after
        side = -(-LEAST_SIDE // multiple) * multiple
        while side + around < self._trial.width and not self._works(side + around, side + around):
            side = -(-2 * side // multiple) * multiple
        least = side if side > -(-LEAST_SIDE // multiple) * multiple else LEAST_SIDE
        return max(least, max(border.before, border.after) + 1)  # more cannot be reflected

    def swap(self) -> float | None:
        """How alike the outputs for RGB and BGR are, in dB; None for gray."""
        if self._channels == 1:
            return None
        picture = self._picture()
        one = run(self._call, self._trial.format, picture)
        other = run(self._call, self._trial.format, picture[::-1])[::-1]
        return round(psnr(one.clip(0, 1), other.clip(0, 1)), 1)

    def _picture(self) -> FloatArray:
        return draw(self._trial.height, self._trial.width, self._channels)

    def _works(self, height: int, width: int) -> bool:
        trial = self._trial
        picture = draw(height, width, self._channels)
        try:
            output = run(self._call, trial.format, picture)
        except CallFailed:
            return False
        expected = tuple(side * trial.scale - trial.lacking for side in (height, width))
        if output.shape != (self._channels, *expected):
            return False
        if min(expected) < _ENOUGH * trial.scale:  # too small to compare
            return bool(np.isfinite(output).all())
        alike = likeness(output, picture, trial.scale, trial.lacking)
        return alike >= max(LEAST_CONSISTENCY - 3, trial.likeness - _TOLERANCE)
