"""Whether a network shifts colors as a whole."""

from typing import Any

import numpy as np
import pytest

from sr_batch.cli.models_add import _colors
from sr_batch.importing.color_shift import is_shift, mean_shift


def enlarged(picture: Any) -> Any:
    return picture.repeat(2, axis=1).repeat(2, axis=2)


def test_measures_each_channel_in_levels() -> None:
    change = np.array([2, 0, -3], np.float32)[:, None, None] / 255
    assert mean_shift(lambda x: enlarged(x) + change, 3, 48, 40) == pytest.approx(
        [2, 0, -3], abs=0.3
    )
    assert mean_shift(lambda x: enlarged(x) - 2 / 255, 1, 48, 48) == pytest.approx([-2], abs=0.1)


def test_the_picture_that_is_shifted_more_counts() -> None:
    """A network may shift dark pictures and not bright ones."""
    shifts = iter([0.5 / 255, -4 / 255])
    assert mean_shift(lambda x: enlarged(x) + next(shifts), 1, 48, 48) == pytest.approx(
        [-4], abs=0.2
    )


@pytest.mark.parametrize(
    ("shift", "seen"), [([], False), ([0.0, 1.0, -1.0], False), ([0.0, 0.0, -1.1], True)]
)
def test_small_shifts_are_not_seen(shift: list[float], seen: bool) -> None:
    assert is_shift(shift) is seen


@pytest.mark.parametrize(
    ("certified", "said"),
    [
        ({}, {}),
        ({"shift": [0.1, 0.2, 0.9], "color_lock": False}, {}),
        (
            {"shift": [-2.0, 0.0, 0.31], "color_lock": True},
            {
                "colors": "on test pictures it shifts the mean color (R/G/B) by"
                " -2.0/+0.0/+0.3 levels of 255: --color-lock takes this out, and is on for this"
                " model (--no-color-lock: off)"
            },
        ),
        (
            {"shift": [1.5], "color_lock": False},
            {
                "colors": "on test pictures it shifts the mean brightness by +1.5 levels of 255:"
                " --color-lock takes this out"
            },
        ),
    ],
)
def test_says_by_how_much(certified: dict[str, Any], said: dict[str, str]) -> None:
    assert _colors({"certified": certified}) == said
