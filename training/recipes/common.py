"""What recipes of several networks share: losses, stages for a GPU, options."""

from typing import Any

from training.losses.pixel import Weights
from training.recipes.recipe import Stage

L1: Weights = {"l1": 1.0}
MSE: Weights = {"mse": 1.0}
LUMA: Weights = {"l1": 0.5, "luma": 1.0}  # color counts; luma, which PSNR-Y measures, counts more
FAITHFUL: Weights = {**LUMA, "consistency": 1.0}  # and what LR determines
DECIBELS: Weights = {"psnr": 0.002, "l1": 0.25}  # the mean PSNR-Y, and color
CHARBONNIER: Weights = {"charbonnier": 1.0}
ESRGAN: Weights = {"l1": 0.01, "perceptual": 1.0, "adversarial": 0.005}

GPU_STAGES = (
    Stage(0.8, batch=16, patch=48, loss=L1),
    Stage(1.0, batch=16, patch=64, loss=LUMA),
)

DIRECT = {"tail": "direct"}
RELU: dict[str, Any] = {
    "model_options": {"slope": 0.0},
    "remark": "ReLU replaces the LeakyReLU of the fp32 network: int8 computes it at no cost.",
}
# For weights that need no training to be rounded.
UNTRAINED: dict[str, Any] = {"iterations": 0, "lr": 0.0, "stages": (), "quantized": True}


def taught(*teachers: str) -> dict[str, Any]:
    """Self-ensembles as teachers. Their output is computed once for all networks of a scale."""
    return {"teachers": teachers, "ensemble": 4, "teaching": 0.5}


TAUGHT_X2 = taught("edsr_x2_more")
TAUGHT_X3 = taught("edsr_x3")
TAUGHT_X4 = taught("edsr_x4_more")
TAUGHT_ALL = taught("edsr_x2_more", "edsr_x3", "edsr_x4_more")

# The teacher outweighs the photographs: its output follows from LR alone, but HR has details that
# cannot be derived from LR, which are noise in every gradient. For networks behind their teacher.
OUTWEIGHS = {"teaching": 10.0}
LED_X2 = TAUGHT_X2 | OUTWEIGHS
LED_X3 = TAUGHT_X3 | OUTWEIGHS
LED_ALL = TAUGHT_ALL | OUTWEIGHS


def led_by_smfanet(scale: int) -> dict[str, Any]:
    """SMFANet+, which no network here reaches, as the teacher for twice the photographs."""
    file = f"SMFANet_plus_DF2K_100w_x{scale}SR.pth"
    return {"lessons_file": file, "photographs": True, **OUTWEIGHS}
