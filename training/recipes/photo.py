"""Networks for real photographs: with noise, blur and JPEG artifacts."""

from dataclasses import replace
from typing import Any

from training.losses.pixel import Weights
from training.recipes.balanced import LAST_IN_FLOAT
from training.recipes.common import RELU, UNTRAINED
from training.recipes.recipe import Recipe, Stage

SEEN: Weights = {"l1": 1.0, "gradient": 1.0, "perceptual": 0.1, "mesh": 5.0}
BESIDE: Weights = {"l1": 0.2}
STAGES = (Stage(1.0, batch=4, patch=48, loss=SEEN, jitter=3, clean=1),)
LAST: Weights = {**SEEN, "mesh": 10.0}
MORE_SEEN: Weights = {**SEEN, "perceptual": 0.2, "mesh": 15.0}
LAST_STAGES = (Stage(1.0, batch=4, patch=48, loss=LAST, jitter=3, clean=1),)
MORE_STAGES = (Stage(1.0, batch=4, patch=48, loss=MORE_SEEN, jitter=3, clean=1),)
PHOTOGRAPHS: dict[str, Any] = {
    "teacher_file": "RealESRGAN_General_WDN_x4_v3.param",
    "original": BESIDE,
    "photographs": True,
    "degradation": "worn",
    "optimizer": "muon",
    "final_lr": 1e-5,
}
TEACHER = "The teacher is realesr-general-wdn-x4v3 of Real-ESRGAN (BSD-3-Clause)."
EARLY = "An early state: `photo_x4` had 2,400 of its 60,000 iterations when this chain left it."


def _reduced_to(scale: int) -> str:
    return f"Its output, x4, is reduced to x{scale}."


def _reduced(
    scale: int,
    iterations: int,
    seed: int,
    model: str = "photo",
    init: str = "photo_x4_first",
    stages: tuple[Stage, ...] = LAST_STAGES,
) -> Recipe:
    return Recipe(
        model,
        scale,
        iterations,
        7e-4,
        stages,
        init=init,
        reduced_tail=True,
        patterns=150,
        warmup=50,
        seed=seed,
        remark=f"{TEACHER} {_reduced_to(scale)}",
        **PHOTOGRAPHS,
    )


def _sharper(init: str, iterations: int, seed: int, scale: int = 4) -> Recipe:
    """On from ``init`` with targets to which an unsharp mask was applied."""
    remark = f"{EARLY} {TEACHER}" if scale == 4 else f"{TEACHER} {_reduced_to(scale)}"
    return Recipe(
        "photo",
        scale,
        iterations,
        4e-4,
        MORE_STAGES,
        init=init,
        patterns=150,
        warmup=50,
        seed=seed,
        sharpened=0.3,
        remark=remark,
        **PHOTOGRAPHS,
    )


def _with_relu(recipe: Recipe) -> Recipe:
    """``recipe`` for a network whose int8 file costs no time for its activations."""
    return replace(recipe, model_options={"slope": 0.0}, remark=f"{RELU['remark']} {recipe.remark}")


def _for_int8(
    iterations: int,
    lr: float,
    init: str,
    seed: int,
    stages: tuple[Stage, ...] = MORE_STAGES,
    scale: int = 4,
) -> Recipe:
    """On from ``init`` with ReLU in place of LeakyReLU."""
    remark = f"{EARLY} {TEACHER}" if scale == 4 else f"{TEACHER} {_reduced_to(scale)}"
    return _with_relu(
        Recipe(
            "photo",
            scale,
            iterations,
            lr,
            stages,
            init=init,
            patterns=150,
            warmup=50,
            seed=seed,
            remark=remark,
            **PHOTOGRAPHS,
        )
    )


def _int8(scale: int, init: str) -> Recipe:
    return Recipe("photo", scale, init=init, unrounded=LAST_IN_FLOAT, **UNTRAINED, **RELU)


PHOTO = {
    "photo_x4": Recipe(
        "photo",
        4,
        60_000,
        8e-4,
        STAGES,
        init="balanced_x4_again",
        remark=(
            f"{TEACHER} The first 1,400 iterations ran with other weights of the losses, and with "
            "the teacher's output as the target of clean patches."
        ),
        **PHOTOGRAPHS,
    ),
    # A short cosine from the weights that `photo_x4` had so far: what is exported.
    "photo_x4_first": Recipe(
        "photo",
        4,
        1_800,
        7e-4,
        LAST_STAGES,
        init="photo_x4",
        warmup=50,
        seed=2,
        remark=(
            "`photo_x4` had 2,400 of its 60,000 iterations at that time, so these weights are an "
            f"early state. {TEACHER}"
        ),
        **PHOTOGRAPHS,
    ),
    # On from there with more perceptual loss, and with patterns of single pixels.
    "photo_x4_second": Recipe(
        "photo",
        4,
        900,
        5e-4,
        MORE_STAGES,
        init="photo_x4_first",
        patterns=150,
        warmup=50,
        seed=4,
        remark=f"{EARLY} {TEACHER}",
        **PHOTOGRAPHS,
    ),
    # The targets are sharper: the mean of likely textures is soft.
    "photo_x4_third": _sharper("photo_x4_second", 450, seed=15),
    "photo_x4_relu": _for_int8(600, 6e-4, "photo_x4_second", seed=6),
    "photo_x4_relu_second": _for_int8(1_800, 5e-4, "photo_x4_relu", seed=10),
    # Back to the losses of `photo_x4_first`, for the PSNR of the fp32 network.
    "photo_x4_relu_third": _for_int8(
        300, 3e-4, "photo_x4_relu_second", seed=12, stages=LAST_STAGES
    ),
    "photo_x2_relu": _with_relu(
        _reduced(2, 900, seed=11, init="photo_x4_relu_second", stages=MORE_STAGES)
    ),
    "photo_x2_relu_second": _for_int8(
        300, 3e-4, "photo_x2_relu", seed=13, stages=LAST_STAGES, scale=2
    ),
    "photo_x2_relu_third": _for_int8(
        450, 5e-4, "photo_x2_relu_second", seed=14, stages=LAST_STAGES, scale=2
    ),
    "photo_x4_int8": _int8(4, "photo_x4_relu_third"),
    "photo_x2_int8": _int8(2, "photo_x2_relu_third"),
    # The same function at first, with more channels and blocks.
    "photo_large_x4": Recipe(
        "photo_large",
        4,
        1_400,
        8e-4,
        MORE_STAGES,
        init="photo_x4_second",
        widened=True,
        patterns=150,
        warmup=50,
        seed=8,
        remark=f"It starts from the weights of `photo`, widened. {TEACHER}",
        **PHOTOGRAPHS,
    ),
    "photo_large_x2": _reduced(
        2, 400, seed=9, model="photo_large", init="photo_large_x4", stages=MORE_STAGES
    ),
    "photo_x2": _reduced(2, 1_800, seed=3),
    "photo_x3": _reduced(3, 900, seed=5),
}
