"""The networks that read only luma: ESPCN, SRCNN and VDSR."""

from typing import Any

from training.recipes.common import CHARBONNIER, LED_ALL, LED_X2, MSE, TAUGHT_ALL
from training.recipes.recipe import Recipe, Stage

ESPCN_STAGES = (
    Stage(0.85, batch=16, patch=24, loss=CHARBONNIER),
    Stage(1.0, batch=8, patch=40, loss=MSE),
)
VDSR_STAGES = (
    Stage(0.25, batch=8, patch=18, loss=CHARBONNIER),
    Stage(1.0, batch=3, patch=30, loss=CHARBONNIER),
)
VDSR_MORE_STAGES = (Stage(1.0, batch=3, patch=30, loss=CHARBONNIER),)
INT8_STAGES = (Stage(1.0, batch=16, patch=24, loss=CHARBONNIER),)
ESPCN_X2_INT8_STAGES = (Stage(1.0, batch=8, patch=40, loss=MSE),)

VDSR_FURTHER: dict[str, Any] = {"scales": (3, 4), "optimizer": "muon", "ema": 0.9995}


def _srcnn_stages(patch: int) -> tuple[Stage, ...]:
    """Four patches of 72 HR pixels a side fit the caches; of 32, each takes 1.5 times as long."""
    return (Stage(1.0, batch=4, patch=patch, loss=CHARBONNIER),)


LUMA_NETWORKS = {
    "espcn_x3": Recipe(
        "espcn",
        3,
        10_000,
        1e-3,
        ESPCN_STAGES,
        remark="The first 5,500 iterations ran under the cosine of a run of 20,000.",
    ),
    "espcn_x2": Recipe("espcn", 2, 6_000, 7e-4, ESPCN_STAGES, init="espcn_x3"),
    "espcn_x4": Recipe(
        "espcn",
        4,
        5_000,
        7e-4,
        ESPCN_STAGES,
        init="espcn_x3",
        remark="The first 2,000 iterations ran under the cosine of a run of 6,000.",
    ),
    # Luma itself passes through the rounded layers, so that each step of their weights changes the
    # brightness: they train slowly, and the float layers learn to compensate.
    "espcn_x2_int8": Recipe(
        "espcn",
        2,
        900,
        5e-4,
        ESPCN_X2_INT8_STAGES,
        init="espcn_x2",
        quantized=True,
        equalized=False,
        rates={"body.1": 0.1, "body.2": 0.1},
        **LED_X2,
    ),
    "espcn_x3_int8": Recipe("espcn", 3, 3_000, 2e-4, INT8_STAGES, init="espcn_x3", quantized=True),
    "espcn_x4_int8": Recipe("espcn", 4, 3_000, 2e-4, INT8_STAGES, init="espcn_x4", quantized=True),
    "srcnn_x3": Recipe(
        "srcnn",
        3,
        40_000,
        3e-3,
        _srcnn_stages(24),
        optimizer="muon+first",
        remark=(
            "The first 25,000 iterations ran under the cosine of a run of that length, and padded "
            "with zeros, where the network repeats the border now."
        ),
    ),
    "srcnn_x2": Recipe(
        "srcnn", 2, 12_000, 3e-3, _srcnn_stages(36), init="srcnn_x3", optimizer="muon+first"
    ),
    "srcnn_x4": Recipe(
        "srcnn",
        4,
        20_000,
        3e-3,
        _srcnn_stages(18),
        init="srcnn_x3",
        optimizer="muon+first",
        remark="The first 12,000 iterations ran under the cosine of a run of that length.",
    ),
    "vdsr": Recipe(
        "vdsr",
        2,
        17_000,
        5e-4,
        VDSR_STAGES,
        scales=(3, 4),
        optimizer="muon",
        remark="The first 6,000 iterations ran under the cosine of a run of 12,000.",
    ),
    "vdsr_more": Recipe(
        "vdsr",
        2,
        7_500,
        5e-4,
        VDSR_MORE_STAGES,
        init="vdsr",
        final_lr=5e-5,
        remark="The first 1,500 iterations ran under the cosine of a run of 10,000.",
        **VDSR_FURTHER,
        **TAUGHT_ALL,
    ),
    "vdsr_again": Recipe(
        "vdsr",
        2,
        8_000,
        4e-4,
        VDSR_MORE_STAGES,
        init="vdsr_more",
        final_lr=2e-5,
        remark="The first 3,000 iterations ran under the cosine of a run of 9,000.",
        **VDSR_FURTHER,
        **LED_ALL,
    ),
    "vdsr_longer": Recipe(
        "vdsr",
        2,
        10_500,
        4e-4,
        VDSR_MORE_STAGES,
        init="vdsr_again",
        final_lr=2e-5,
        remark=(
            "The first 1,000 iterations ran under the cosine of a run of 12,000, all up to 9,000 "
            "under that of 10,000; the others learnt x2 alone, which was behind. The weights are "
            "the mean of those after 9,000, which are better at x3 and x4, and of the last ones."
        ),
        **VDSR_FURTHER,
        **LED_ALL,
    ),
}
