"""RRDB, and ESRGAN, which starts from it: in a size for two cores, and as published for a GPU."""

from typing import Any

from training.losses.pixel import Weights
from training.recipes.common import ESRGAN, GPU_STAGES, LUMA
from training.recipes.recipe import Recipe, Stage

# A small network: the layers at the size of the output are what costs time.
SMALL: dict[str, Any] = {"channels": 32, "growth": 16, "blocks": 3, "tail": 16}
PUBLISHED: dict[str, Any] = {"blocks": 23}

# The pixel losses keep colors and even areas: without them, the perceptual loss buys a mesh.
SHARP: Weights = {"l1": 0.5, "gradient": 0.5, "consistency": 1.0, "mesh": 20.0, "perceptual": 0.4}
SHARPER: Weights = {**SHARP, "mesh": 30.0, "perceptual": 0.8}
SMOOTHER: Weights = {**SHARPER, "mesh": 100.0}


def _esrgan(iterations: int, loss: Weights, init: str, seed: int, apart: float = 0.6) -> Recipe:
    """From ``init``, with an adversary that only learns for the first ``apart`` of the run."""
    return Recipe(
        "esrgan",
        4,
        iterations,
        4e-4,
        (
            Stage(apart, batch=4, patch=24, loss={**loss, "adversarial": 0.0}, jitter=3),
            Stage(1.0, batch=4, patch=24, loss={**loss, "adversarial": 0.001}, jitter=3),
        ),
        model_options=SMALL,
        init=init,
        photographs=True,
        optimizer="muon",
        final_lr=2e-5,
        warmup=30,
        discriminator=16,
        seed=seed,
    )


RRDB = {
    "rrdb_x4": Recipe(
        "rrdb",
        4,
        2_600,
        1e-3,
        (
            Stage(0.4, batch=4, patch=24, loss=LUMA),
            Stage(1.0, batch=4, patch=32, loss=LUMA),
        ),
        model_options=SMALL,
        optimizer="muon",
        final_lr=2e-5,
        teachers=("balanced_x4_again",),
        teaching=10.0,
    ),
    "esrgan_x4": _esrgan(600, SHARP, "rrdb_x4", seed=1, apart=0.2),
    # Longer, with more perceptual loss; then against the mesh of dots that it bought.
    "esrgan_x4_longer": _esrgan(3_000, SHARPER, "esrgan_x4", seed=2),
    "esrgan_x4_third": _esrgan(1_500, SMOOTHER, "esrgan_x4_longer", seed=3),
    "rrdb_x4_gpu": Recipe("rrdb", 4, 200_000, 2e-4, GPU_STAGES, model_options=PUBLISHED),
    "esrgan_x4_gpu": Recipe(
        "esrgan",
        4,
        60_000,
        1e-4,
        (Stage(1.0, batch=16, patch=32, loss=ESRGAN),),
        model_options=PUBLISHED,
        init="rrdb_x4_gpu",
        schedule="step",
        drops=(0.5, 0.75),
    ),
}
