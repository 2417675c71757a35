"""Every training run by name: what is trained, on what, how long."""

from typing import Any

from training.losses import Weights
from training.recipe import Recipe, Stage
from training.reports import REPORTS

L1: Weights = {"l1": 1.0}
MSE: Weights = {"mse": 1.0}
LUMA: Weights = {"l1": 0.5, "luma": 1.0}  # colour counts, and luma, which is judged, more
CHARBONNIER: Weights = {"charbonnier": 1.0}
ESRGAN: Weights = {"l1": 0.01, "perceptual": 1.0, "adversarial": 0.005}

ESPCN_STAGES = (
    Stage(0.85, batch=16, patch=24, loss=CHARBONNIER),
    Stage(1.0, batch=8, patch=40, loss=MSE),
)
EDSR_START_STAGES = (Stage(1.0, batch=4, patch=24, loss=L1),)
EDSR_STAGES = (
    Stage(0.85, batch=2, patch=48, loss=L1),
    Stage(1.0, batch=2, patch=48, loss=MSE),
)
EDSR_X4_STAGES = (
    Stage(0.6, batch=4, patch=24, loss=L1),
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
EDSR_X3_TAUGHT_STAGES = (Stage(1.0, batch=8, patch=32, loss=LUMA),)
EDSR_X4_CPU_STAGES = (
    Stage(0.5, batch=8, patch=24, loss=LUMA),
    Stage(1.0, batch=4, patch=40, loss=LUMA),
)
GPU_STAGES = (
    Stage(0.8, batch=16, patch=48, loss=L1),
    Stage(1.0, batch=16, patch=64, loss=LUMA),
)

# Small patches first, which is where most is learnt for the time, then patches with more context.
FAST_STAGES = (
    Stage(0.7, batch=16, patch=24, loss=L1),
    Stage(1.0, batch=8, patch=48, loss=LUMA),
)
FAST_MORE_STAGES = (
    Stage(0.6, batch=16, patch=32, loss=LUMA),
    Stage(1.0, batch=12, patch=48, loss=LUMA),
)
BALANCED_STAGES = (
    Stage(0.6, batch=8, patch=32, loss=L1),
    Stage(1.0, batch=6, patch=40, loss=LUMA),
)
BALANCED_MORE_STAGES = (
    Stage(0.6, batch=8, patch=32, loss=LUMA),
    Stage(1.0, batch=6, patch=40, loss=LUMA),
)
VDSR_STAGES = (
    Stage(0.25, batch=8, patch=18, loss=CHARBONNIER),
    Stage(1.0, batch=3, patch=30, loss=CHARBONNIER),
)
VDSR_MORE_STAGES = (Stage(1.0, batch=3, patch=30, loss=CHARBONNIER),)
RESIDUAL_STAGES = (
    Stage(0.7, batch=8, patch=24, loss=L1),
    Stage(1.0, batch=4, patch=40, loss=LUMA),
)

INT8_STAGES = (Stage(1.0, batch=16, patch=24, loss=CHARBONNIER),)
FAST_INT8_STAGES = (Stage(1.0, batch=16, patch=24, loss=LUMA),)
BALANCED_INT8_STAGES = (Stage(1.0, batch=8, patch=24, loss=LUMA),)


def _srcnn_stages(patch: int) -> tuple[Stage, ...]:
    """Four patches of 72 HR pixels a side fit the caches: of 32, each takes half as long again."""
    return (Stage(1.0, batch=4, patch=patch, loss=CHARBONNIER),)


DIRECT = {"tail": "direct"}
RELU: dict[str, Any] = {
    "model_options": {"slope": 0.0},
    "remark": "ReLU stands where the fp32 network has LeakyReLU: int8 does it in passing.",
}
# Its lessons, once computed (half an hour on two cores), serve every network of that scale.
TAUGHT_X2: dict[str, Any] = {"teacher": "edsr_x2_more", "ensemble": 4, "teaching": 0.5}
TAUGHT_X3: dict[str, Any] = {"teacher": "edsr_x3", "ensemble": 4, "teaching": 0.5}
TAUGHT_X4: dict[str, Any] = {"teacher": "edsr_x4_more", "ensemble": 4, "teaching": 0.5}

RECIPES = REPORTS | {
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
    "edsr_x4": Recipe(
        "edsr",
        4,
        3_000,
        4e-4,
        EDSR_X4_STAGES,
        DIRECT,
        init="edsr_x2",
        remark="Iterations 500 to 1,000 ran under the cosine of a run of 2,200.",
    ),
    # What comes next; QUEUE.md says in what order.
    "edsr_x4_cpu": Recipe("edsr", 4, 2_400, 3e-4, EDSR_X4_CPU_STAGES, DIRECT, init="edsr_x4"),
    # The self-ensemble of edsr_x2_cpu is 0.16 dB better than the network (37.60): a goal to go for.
    "edsr_x2_more": Recipe(
        "edsr",
        2,
        8_000,
        2e-4,
        EDSR_MORE_STAGES,
        DIRECT,
        init="edsr_x2_cpu",
        teacher="edsr_x2_cpu",
        ensemble=4,
        teaching=0.5,
    ),
    "edsr_x3": Recipe(
        "edsr", 3, 8_000, 5e-4, EDSR_MORE_STAGES, DIRECT, init="edsr_x2_more", optimizer="muon"
    ),
    # Its body comes from x3, which has learnt the longest, and not from edsr_x4_cpu.
    "edsr_x4_more": Recipe(
        "edsr", 4, 8_000, 5e-4, EDSR_X4_CPU_STAGES, DIRECT, init="edsr_x3", optimizer="muon"
    ),
    # These learn from their own self-ensemble, and end at a rate that still moves them.
    "edsr_x2_taught": Recipe(
        "edsr",
        2,
        4_000,
        3e-4,
        EDSR_MORE_STAGES,
        DIRECT,
        init="edsr_x2_more",
        optimizer="muon",
        final_lr=3e-5,
        **TAUGHT_X2,
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
    "fast_x3": Recipe(
        "fast",
        3,
        10_000,
        2e-3,
        FAST_STAGES,
        init="fast_x4_taught",
        optimizer="muon",
        final_lr=1e-4,
        **TAUGHT_X3,
    ),
    "fast_x2": Recipe("fast", 2, 10_000, 2e-3, FAST_STAGES, init="fast_x4", optimizer="muon"),
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
    "balanced_x3": Recipe(
        "balanced",
        3,
        8_000,
        1e-3,
        BALANCED_STAGES,
        init="balanced_x4_more",
        optimizer="muon",
        final_lr=1e-4,
        **TAUGHT_X3,
    ),
    "balanced_x2": Recipe(
        "balanced",
        2,
        8_000,
        1e-3,
        BALANCED_STAGES,
        init="balanced_x4_more",
        optimizer="muon",
        final_lr=1e-4,
        **TAUGHT_X2,
    ),
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
        16_000,
        5e-4,
        VDSR_MORE_STAGES,
        scales=(3, 4),
        init="vdsr",
        optimizer="muon",
        final_lr=5e-5,
        ema=0.9995,
    ),
    "refiner_x4": Recipe("refiner", 4, 6_000, 5e-4, RESIDUAL_STAGES),
    "resnet_x4": Recipe("resnet", 4, 6_000, 5e-4, RESIDUAL_STAGES),
    "autoencoder_x4": Recipe("autoencoder", 4, 4_000, 5e-4, RESIDUAL_STAGES),
    "srcnn_deep_x2": Recipe(
        "srcnn_deep",
        2,
        1_400,
        1e-3,
        (Stage(1.0, batch=4, patch=16, loss=L1),),
        optimizer="muon",
        remark="The first 1,000 iterations ran under the cosine of a run of that length.",
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
    "espcn_x2_int8": Recipe("espcn", 2, 8_000, 2e-4, INT8_STAGES, init="espcn_x2", quantized=True),
    "espcn_x3_int8": Recipe("espcn", 3, 3_000, 2e-4, INT8_STAGES, init="espcn_x3", quantized=True),
    "espcn_x4_int8": Recipe("espcn", 4, 3_000, 2e-4, INT8_STAGES, init="espcn_x4", quantized=True),
    "fast_x4_int8": Recipe(
        "fast", 4, 4_000, 3e-4, FAST_INT8_STAGES, init="fast_x4_taught", quantized=True, **RELU
    ),
    "fast_x2_int8": Recipe(
        "fast", 2, 4_000, 3e-4, FAST_INT8_STAGES, init="fast_x2", quantized=True, **RELU
    ),
    "balanced_x4_int8": Recipe(
        "balanced",
        4,
        3_000,
        5e-4,
        BALANCED_INT8_STAGES,
        init="balanced_x4_more",
        optimizer="muon",
        quantized=True,
        **RELU,
    ),
    # Two thirds of the noise of all rounding came from the last convolution of the body.
    "edsr_x2_int8": Recipe(
        "edsr",
        2,
        0,
        0.0,
        (),
        DIRECT,
        init="edsr_x2_more",
        quantized=True,
        unrounded=("body.16",),
    ),
    "edsr_x4_int8": Recipe(
        "edsr",
        4,
        0,
        0.0,
        (),
        DIRECT,
        init="edsr_x4_taught",
        quantized=True,
        unrounded=("body.16",),
    ),
    # These need a GPU.
    "fast_x4_next": Recipe(
        "fast", 4, 150_000, 2e-3, GPU_STAGES, init="fast_x4_taught", optimizer="muon"
    ),
    "fast_x2_next": Recipe("fast", 2, 150_000, 2e-3, GPU_STAGES, init="fast_x2", optimizer="muon"),
    "balanced_x4_next": Recipe(
        "balanced", 4, 150_000, 1e-3, GPU_STAGES, init="balanced_x4_more", optimizer="muon"
    ),
    "balanced_x2_next": Recipe(
        "balanced", 2, 100_000, 1e-3, GPU_STAGES, init="balanced_x4_next", optimizer="muon"
    ),
    "rrdb_x4": Recipe("rrdb", 4, 200_000, 2e-4, GPU_STAGES),
    "esrgan_x4": Recipe(
        "esrgan",
        4,
        60_000,
        1e-4,
        (Stage(1.0, batch=16, patch=32, loss=ESRGAN),),
        init="rrdb_x4",
        schedule="step",
        drops=(0.5, 0.75),
    ),
    "edsr_x2_next": Recipe("edsr", 2, 200_000, 3e-4, GPU_STAGES, DIRECT, init="edsr_x2_more"),
    "edsr_x4_next": Recipe("edsr", 4, 100_000, 2e-4, GPU_STAGES, DIRECT, init="edsr_x4_taught"),
}
