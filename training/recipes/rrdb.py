"""RRDB, and ESRGAN, which starts from it. Both need a GPU."""

from training.recipes.common import ESRGAN, GPU_STAGES
from training.recipes.recipe import Recipe, Stage

RRDB = {
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
}
