"""Our own network for speed."""

from typing import Any

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

# Small patches first, which teach the most per second, then patches with more context.
FAST_STAGES = (
    Stage(0.7, batch=16, patch=24, loss=L1),
    Stage(1.0, batch=8, patch=48, loss=LUMA),
)
FAST_MORE_STAGES = (
    Stage(0.6, batch=16, patch=32, loss=LUMA),
    Stage(1.0, batch=12, patch=48, loss=LUMA),
)
FAST_LED_STAGES = (Stage(1.0, batch=12, patch=40, loss=FAITHFUL),)
FAST_RELU_STAGES = (Stage(1.0, batch=16, patch=32, loss=LUMA),)
FAST_INT8_STAGES = (Stage(1.0, batch=16, patch=24, loss=LUMA),)


def _led(scale: int, init: str, teacher: dict[str, Any]) -> Recipe:
    return Recipe(
        "fast",
        scale,
        7_000,
        2e-3,
        FAST_STAGES,
        init=init,
        optimizer="muon",
        final_lr=1e-4,
        ema=0.9995,
        **teacher,
    )


def _led_on(scale: int, iterations: int, lr: float, init: str, **options: Any) -> Recipe:
    """On from the weights of ``init``, with SMFANet+ as the teacher."""
    return Recipe(
        "fast",
        scale,
        iterations,
        lr,
        FAST_LED_STAGES,
        init=init,
        optimizer="muon",
        final_lr=5e-5,
        ema=0.999,
        **options,
        **led_by_smfanet(scale),
    )


def _relu(scale: int, init: str, teacher: dict[str, Any]) -> Recipe:
    return Recipe(
        "fast",
        scale,
        3_000,
        1e-3,
        FAST_RELU_STAGES,
        init=init,
        optimizer="muon",
        final_lr=5e-5,
        **RELU,
        **teacher,
    )


FAST = {
    "fast_x4": Recipe("fast", 4, 20_000, 1e-3, FAST_STAGES),
    "fast_x4_more": Recipe(
        "fast",
        4,
        25_000,
        2e-3,
        FAST_MORE_STAGES,
        init="fast_x4",
        optimizer="muon",
        remark="The first 21,000 iterations ran under the cosine of a run of 30,000.",
    ),
    "fast_x4_taught": Recipe(
        "fast",
        4,
        5_000,
        1e-3,
        FAST_MORE_STAGES,
        init="fast_x4_more",
        optimizer="muon",
        final_lr=1e-4,
        ema=0.9995,
        remark="The first 2,500 iterations ran under the cosine of a run of 7,000.",
        **TAUGHT_X4,
    ),
    "fast_x2_taught": _led(2, "fast_x2", LED_X2),
    "fast_x3": _led(3, "fast_x4_taught", LED_X3),
    "fast_x4_led": _led_on(4, 6_000, 1.5e-3, "fast_x4_taught"),
    "fast_x4_led_second": _led_on(4, 6_000, 1.2e-3, "fast_x4_led", seed=2),
    "fast_x4_led_relu": _led_on(4, 3_000, 8e-4, "fast_x4_led", **RELU),
    "fast_x4_led_relu_second": _led_on(4, 4_000, 8e-4, "fast_x4_led_relu", seed=2, **RELU),
    "fast_x2_led": _led_on(2, 6_000, 1.5e-3, "fast_x2_taught"),
    "fast_x2_led_relu": _led_on(2, 3_000, 8e-4, "fast_x2_led", **RELU),
    "fast_x3_relu": _relu(3, "fast_x3", LED_X3),
    "fast_x2_int8": Recipe("fast", 2, init="fast_x2_led_relu", **UNTRAINED, **RELU),
    "fast_x3_int8": Recipe("fast", 3, init="fast_x3_relu", **UNTRAINED, **RELU),
    "fast_x2": Recipe("fast", 2, 10_000, 2e-3, FAST_STAGES, init="fast_x4", optimizer="muon"),
    # int8 loses by ReLU in place of LeakyReLU, not by rounding (31.42 dB with and without it), so
    # a network with ReLU is trained first. This start was trained with rounding, and has 0.08 dB
    # less than LeakyReLU.
    "fast_x4_relu_start": Recipe(
        "fast",
        4,
        4_000,
        3e-4,
        FAST_INT8_STAGES,
        init="fast_x4_taught",
        quantized=True,
        **RELU,
        **TAUGHT_X4,
    ),
    "fast_x4_relu": Recipe(
        "fast",
        4,
        3_000,
        4e-4,
        FAST_RELU_STAGES,
        init="fast_x4_relu_start",
        optimizer="muon",
        final_lr=4e-5,
        **RELU,
        **TAUGHT_X4,
    ),
    "fast_x4_int8": Recipe("fast", 4, init="fast_x4_led_relu_second", **UNTRAINED, **RELU),
    # These need a GPU.
    "fast_x4_next": Recipe(
        "fast", 4, 150_000, 2e-3, GPU_STAGES, init="fast_x4_taught", optimizer="muon"
    ),
    "fast_x2_next": Recipe(
        "fast", 2, 150_000, 2e-3, GPU_STAGES, init="fast_x2_taught", optimizer="muon"
    ),
}
