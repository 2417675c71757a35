"""EDSR: the body of one scale is the start of the next."""

from training.recipes.common import (
    DECIBELS,
    DIRECT,
    FAITHFUL,
    GPU_STAGES,
    L1,
    LUMA,
    MSE,
    TAUGHT_X2,
    TAUGHT_X3,
    TAUGHT_X4,
    UNTRAINED,
    led_by_smfanet,
    taught,
)
from training.recipes.recipe import Recipe, Stage

EDSR_START_STAGES = (Stage(1.0, batch=4, patch=24, loss=L1),)
EDSR_STAGES = (
    Stage(0.85, batch=2, patch=48, loss=L1),
    Stage(1.0, batch=2, patch=48, loss=MSE),
)
EDSR_CPU_STAGES = (
    Stage(0.6, batch=8, patch=32, loss=L1),
    Stage(0.78, batch=4, patch=48, loss=L1),
    Stage(1.0, batch=4, patch=48, loss=LUMA),
)
EDSR_MORE_STAGES = (
    Stage(0.7, batch=8, patch=32, loss=LUMA),
    Stage(1.0, batch=4, patch=48, loss=LUMA),
)
EDSR_X2_TAUGHT_STAGES = (
    Stage(0.7, batch=8, patch=32, loss=LUMA),
    Stage(0.75, batch=4, patch=48, loss=LUMA),
    Stage(1.0, batch=4, patch=48, loss=DECIBELS),
)
EDSR_X2_AGAIN_STAGES = (
    Stage(0.75, batch=8, patch=32, loss=FAITHFUL),
    Stage(1.0, batch=4, patch=48, loss=DECIBELS),
)
EDSR_X3_TAUGHT_STAGES = (Stage(1.0, batch=8, patch=32, loss=LUMA),)
EDSR_LED_STAGES = (Stage(1.0, batch=8, patch=32, loss=FAITHFUL),)
EDSR_SECOND_STAGES = (
    Stage(0.7, batch=8, patch=32, loss=FAITHFUL),
    Stage(1.0, batch=4, patch=48, loss=DECIBELS),
)
EDSR_LAST_STAGES = (Stage(1.0, batch=4, patch=48, loss=DECIBELS),)
EDSR_X4_CPU_STAGES = (
    Stage(0.5, batch=8, patch=24, loss=LUMA),
    Stage(1.0, batch=4, patch=40, loss=LUMA),
)


def _led(
    scale: int,
    iterations: int,
    init: str,
    lr: float = 3e-4,
    stages: tuple[Stage, ...] = EDSR_LED_STAGES,
    seed: int = 1,
) -> Recipe:
    return Recipe(
        "edsr",
        scale,
        iterations,
        lr,
        stages,
        DIRECT,
        init=init,
        optimizer="muon",
        final_lr=2e-5,
        ema=0.997,
        seed=seed,
        **led_by_smfanet(scale),
    )


def _int8(scale: int, init: str) -> Recipe:
    """Without training. The last layer of the body caused two thirds of all rounding noise."""
    return Recipe(
        "edsr", scale, model_options=DIRECT, init=init, unrounded=("body.16",), **UNTRAINED
    )


EDSR = {
    "edsr_x2_start": Recipe(
        "edsr", 2, 12_000, 5e-4, EDSR_START_STAGES, remark="Stopped after 8,500 iterations."
    ),
    "edsr_x2": Recipe(
        "edsr",
        2,
        2_600,
        3e-4,
        EDSR_STAGES,
        init="edsr_x2_start",
        remark="Stopped after 2,000 iterations, of which 1,000 under the cosine of a run of 3,500.",
    ),
    "edsr_x2_cpu": Recipe(
        "edsr",
        2,
        11_500,
        3e-4,
        EDSR_CPU_STAGES,
        DIRECT,
        init="edsr_x2",
        remark=(
            "Of iterations 2,750 to 4,500 each patch was the one with the most detail of three, "
            "which gained nothing, as did MSE from 8,050 to 9,000. The first 2,500 iterations "
            "ran under the cosine of shorter runs. Stopped after 9,500."
        ),
    ),
    # The self-ensemble of edsr_x2_cpu is 0.16 dB better than the network: 37.60.
    "edsr_x2_more": Recipe(
        "edsr",
        2,
        8_000,
        2e-4,
        EDSR_MORE_STAGES,
        DIRECT,
        init="edsr_x2_cpu",
        **taught("edsr_x2_cpu"),
    ),
    "edsr_x3": Recipe(
        "edsr", 3, 8_000, 5e-4, EDSR_MORE_STAGES, DIRECT, init="edsr_x2_more", optimizer="muon"
    ),
    # Its body comes from x3, which was trained the longest, not from edsr_x4_cpu.
    "edsr_x4_more": Recipe(
        "edsr", 4, 8_000, 5e-4, EDSR_X4_CPU_STAGES, DIRECT, init="edsr_x3", optimizer="muon"
    ),
    # These learn from their own self-ensemble, and end at a rate that still changes them.
    "edsr_x2_taught": Recipe(
        "edsr",
        2,
        4_000,
        3e-4,
        EDSR_X2_TAUGHT_STAGES,
        DIRECT,
        init="edsr_x2_more",
        optimizer="muon",
        final_lr=3e-5,
        **TAUGHT_X2,
    ),
    # Its teacher has little left to teach: 37.60 dB, no more than its own self-ensemble. So it
    # learns from photographs and from LR.
    "edsr_x2_again": Recipe(
        "edsr",
        2,
        9_500,
        4e-4,
        EDSR_X2_AGAIN_STAGES,
        DIRECT,
        init="edsr_x2_taught",
        optimizer="muon",
        final_lr=2e-5,
        ema=0.9995,
        remark="The first 2,000 iterations ran under the cosine of a run of 11,000.",
        **(TAUGHT_X2 | {"teaching": 0.2}),
    ),
    "edsr_x3_taught": Recipe(
        "edsr",
        3,
        2_500,
        3e-4,
        EDSR_X3_TAUGHT_STAGES,
        DIRECT,
        init="edsr_x3",
        optimizer="muon",
        final_lr=3e-5,
        **TAUGHT_X3,
    ),
    "edsr_x4_taught": Recipe(
        "edsr",
        4,
        3_000,
        3e-4,
        EDSR_X4_CPU_STAGES,
        DIRECT,
        init="edsr_x4_more",
        optimizer="muon",
        final_lr=3e-5,
        **TAUGHT_X4,
    ),
    # SMFANet+ is better than any teacher above, and there are twice as many photographs.
    "edsr_x2_led": _led(2, 3_000, "edsr_x2_again"),
    "edsr_x4_led": _led(4, 4_000, "edsr_x4_taught"),
    "edsr_x4_led_second": _led(4, 4_000, "edsr_x4_led", 5e-4, EDSR_SECOND_STAGES, seed=2),
    # The mean PSNR-Y as the loss gained 0.02 dB before.
    "edsr_x2_last": _led(2, 1_500, "edsr_x2_led", 1e-4, EDSR_LAST_STAGES),
    "edsr_x2_int8": _int8(2, "edsr_x2_last"),
    "edsr_x3_int8": _int8(3, "edsr_x3_taught"),
    "edsr_x4_int8": _int8(4, "edsr_x4_led_second"),
    # These need a GPU.
    "edsr_x2_next": Recipe("edsr", 2, 200_000, 3e-4, GPU_STAGES, DIRECT, init="edsr_x2_again"),
    "edsr_x4_next": Recipe("edsr", 4, 100_000, 2e-4, GPU_STAGES, DIRECT, init="edsr_x4_taught"),
}
