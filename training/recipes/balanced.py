"""Our own network between speed and quality."""

from typing import Any

from training.losses.pixel import Weights
from training.recipes.common import (
    FAITHFUL,
    GPU_STAGES,
    L1,
    LED_X2,
    LED_X3,
    LUMA,
    RELU,
    TAUGHT_X4,
    UNTRAINED,
    led_by_smfanet,
)
from training.recipes.recipe import Recipe, Stage


def _stages(first: Weights, last: Weights) -> tuple[Stage, ...]:
    return (
        Stage(0.6, batch=8, patch=32, loss=first),
        Stage(1.0, batch=6, patch=40, loss=last),
    )


BALANCED_STAGES = _stages(L1, LUMA)
BALANCED_MORE_STAGES = _stages(LUMA, LUMA)
BALANCED_AGAIN_STAGES = _stages(FAITHFUL, FAITHFUL)
BALANCED_LED_STAGES = (Stage(1.0, batch=8, patch=40, loss=FAITHFUL),)
# The last inner layer: its rounding would go straight into the picture.
LAST_IN_FLOAT = ("body.7.layers.4",)


def _led(scale: int, iterations: int, init: str, teacher: dict[str, Any]) -> Recipe:
    return Recipe(
        "balanced",
        scale,
        iterations,
        1e-3,
        BALANCED_STAGES,
        init=init,
        optimizer="muon",
        final_lr=1e-4,
        **teacher,
    )


def _led_on(scale: int, iterations: int, init: str, lr: float = 8e-4, **options: Any) -> Recipe:
    """On from the weights of ``init``, with SMFANet+ as the teacher."""
    return Recipe(
        "balanced",
        scale,
        iterations,
        lr,
        BALANCED_LED_STAGES,
        init=init,
        optimizer="muon",
        final_lr=3e-5,
        ema=0.997,
        **options,
        **led_by_smfanet(scale),
    )


def _led_relu(scale: int, iterations: int, init: str) -> Recipe:
    return _led_on(scale, iterations, init, 6e-4, **RELU)


def _int8(scale: int, init: str) -> Recipe:
    return Recipe(
        "balanced",
        scale,
        init=init,
        unrounded=LAST_IN_FLOAT,
        **UNTRAINED,
        **RELU,
    )


BALANCED = {
    "balanced_x4": Recipe(
        "balanced",
        4,
        9_000,
        1e-3,
        BALANCED_STAGES,
        optimizer="muon",
        remark="The first 2,500 iterations ran under the cosine of a run of 12,000.",
    ),
    "balanced_x4_more": Recipe(
        "balanced",
        4,
        14_000,
        1e-3,
        BALANCED_MORE_STAGES,
        init="balanced_x4",
        optimizer="muon",
        **TAUGHT_X4,
    ),
    "balanced_x4_again": Recipe(
        "balanced",
        4,
        19_000,
        8e-4,
        BALANCED_AGAIN_STAGES,
        init="balanced_x4_more",
        optimizer="muon",
        final_lr=4e-5,
        ema=0.9995,
        remark="The first 11,000 iterations ran under the cosine of a run of 24,000.",
        **TAUGHT_X4,
    ),
    # More photographs and a better teacher: 42,000 iterations without them ended at 31.68 dB.
    "balanced_x4_led": _led_on(4, 10_000, "balanced_x4_again"),
    "balanced_x4_led_second": _led_on(4, 8_000, "balanced_x4_led", seed=2),
    "balanced_x4_led_relu": _led_relu(4, 4_500, "balanced_x4_led"),
    "balanced_x2_led": _led_on(2, 3_500, "balanced_x2"),
    "balanced_x2_led_relu": _led_relu(2, 2_000, "balanced_x2_led"),
    "balanced_x3_led": _led_on(3, 5_000, "balanced_x3"),
    "balanced_x3_led_relu": _led_relu(3, 2_500, "balanced_x3_led"),
    "balanced_x2": _led(2, 8_000, "balanced_x4_more", LED_X2),
    "balanced_x3": _led(3, 5_000, "balanced_x2", LED_X3),
    "balanced_x2_int8": _int8(2, "balanced_x2_led_relu"),
    "balanced_x3_int8": _int8(3, "balanced_x3_led_relu"),
    "balanced_x4_int8": _int8(4, "balanced_x4_led_relu"),
    "balanced_x4_next": Recipe(
        "balanced", 4, 150_000, 1e-3, GPU_STAGES, init="balanced_x4_again", optimizer="muon"
    ),
    "balanced_x2_next": Recipe(
        "balanced", 2, 100_000, 1e-3, GPU_STAGES, init="balanced_x4_next", optimizer="muon"
    ),
}
