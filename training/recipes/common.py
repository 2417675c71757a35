"""What recipes of several networks have in common: losses, the stages of a GPU, options."""

from typing import Any

from training.losses.pixel import Weights
from training.recipes.recipe import Stage

L1: Weights = {"l1": 1.0}
MSE: Weights = {"mse": 1.0}
LUMA: Weights = {"l1": 0.5, "luma": 1.0}  # colour counts, and luma, which is judged, more
FAITHFUL: Weights = {**LUMA, "consistency": 1.0}  # and what LR says for certain
DECIBELS: Weights = {"psnr": 0.002, "l1": 0.25}  # the mean PSNR-Y, and colour beside it
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
# Of weights that bear rounding as they are.
UNTRAINED: dict[str, Any] = {"iterations": 0, "lr": 0.0, "stages": (), "quantized": True}


def taught(*teachers: str) -> dict[str, Any]:
    """By self-ensembles: their lessons, once computed, serve every network of their scale."""
    return {"teachers": teachers, "ensemble": 4, "teaching": 0.5}


TAUGHT_X2 = taught("edsr_x2_more")
TAUGHT_X3 = taught("edsr_x3")
TAUGHT_X4 = taught("edsr_x4_more")
TAUGHT_ALL = taught("edsr_x2_more", "edsr_x3", "edsr_x4_more")

# By a teacher above all: what it gives follows from LR alone, where HR has what nobody can know
# from LR, which is noise in every gradient. For networks that are not yet as good as it is.
ABOVE_ALL = {"teaching": 10.0}
LED_X2 = TAUGHT_X2 | ABOVE_ALL
LED_X3 = TAUGHT_X3 | ABOVE_ALL
LED_ALL = TAUGHT_ALL | ABOVE_ALL
