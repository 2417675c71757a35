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
LEFT = "These runs go back to `photo_x4`, which ended after 2,400 of its 60,000 iterations."


def _reduced_to(scale: int) -> str:
    return f"Its output, x4, is reduced to x{scale}."


def _short(
    scale: int,
    iterations: int,
    lr: float,
    init: str,
    seed: int,
    stages: tuple[Stage, ...] = MORE_STAGES,
    **fields: Any,
) -> Recipe:
    """A short run on from the weights of ``init``; ``fields`` are further ones of the recipe."""
    remark = f"{LEFT} {TEACHER}" if scale == 4 else f"{TEACHER} {_reduced_to(scale)}"
    plan = Recipe(
        "photo", scale, iterations, lr, stages, init=init, seed=seed, remark=remark, **PHOTOGRAPHS
    )
    return replace(plan, patterns=150, warmup=50, **fields)


def _from_x4(scale: int, iterations: int, init: str, seed: int, **fields: Any) -> Recipe:
    """From the weights of x4, with the last layer reduced to ``scale``."""
    return _short(
        scale,
        iterations,
        7e-4,
        init,
        seed,
        sharpened=0.4,
        coring=2.0,
        reduced_tail=True,
        **fields,
    )


def _varied(scale: int, iterations: int, init: str, seed: int) -> Recipe:
    """On with noise in LR that was never a JPEG, beside all else."""
    return _short(
        scale,
        iterations,
        6e-4,
        init,
        seed,
        sharpened=0.35 if scale == 4 else 0.4,
        coring=2.0,
        degradation="varied",
    )


def _quiet(scale: int, iterations: int, init: str, seed: int) -> Recipe:
    """On with the teacher's output for LR before its raw noise as the target."""
    return replace(_varied(scale, iterations, init, seed), denoised=True)


def _with_relu(recipe: Recipe) -> Recipe:
    """``recipe`` for a network whose int8 file costs no time for its activations."""
    return replace(recipe, model_options={"slope": 0.0}, remark=f"{RELU['remark']} {recipe.remark}")


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
    # A short cosine from the weights that `photo_x4` had so far.
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
    "photo_x4_second": _short(4, 900, 5e-4, "photo_x4_first", seed=4),
    # The targets are sharper, because the mean of likely textures is soft.
    "photo_x4_third": _short(4, 450, 4e-4, "photo_x4_second", seed=15, sharpened=0.3),
    # A longer cosine, which sharpens grain less.
    "photo_x4_fourth": _short(
        4, 7_000, 7e-4, "photo_x4_third", seed=20, sharpened=0.35, coring=2.0
    ),
    # The weights above turn noise that no JPEG has smoothed into a mesh.
    "photo_x4_fifth": _varied(4, 3_000, "photo_x4_fourth", seed=32),
    # The teacher keeps strong noise as a grain, so it sees LR before that.
    "photo_x4_sixth": replace(
        _quiet(4, 3_000, "photo_x4_fifth", seed=38),
        remark=f"{LEFT} {TEACHER} It saw LR without any noise, also where a JPEG followed.",
    ),
    "photo_x4_seventh": _quiet(4, 1_500, "photo_x4_sixth", seed=40),
    # With x4plus as the teacher, whose steps take six times as long: to compare both.
    "photo_x4_plus": _short(
        4,
        150,
        4e-4,
        "photo_x4_fourth",
        seed=21,
        sharpened=0.35,
        coring=2.0,
        teacher_file="REALESRGAN_X4PLUS_UP4X.param",
        remark="The teacher is realesrgan-x4plus of Real-ESRGAN (BSD-3-Clause).",
    ),
    "photo_x4_relu_fifth": _with_relu(
        _short(4, 2_500, 6e-4, "photo_x4_fourth", seed=23, sharpened=0.35, coring=2.0)
    ),
    "photo_x4_relu_sixth": _with_relu(
        _short(4, 3_000, 6e-4, "photo_x4_relu_fifth", seed=29, sharpened=0.35, coring=2.0)
    ),
    "photo_x4_relu_seventh": _with_relu(_varied(4, 3_000, "photo_x4_relu_sixth", seed=33)),
    "photo_x4_relu_eighth": _with_relu(_quiet(4, 2_000, "photo_x4_relu_seventh", seed=39)),
    "photo_x4_int8": _int8(4, "photo_x4_relu_eighth"),
    "photo_x2_int8": _int8(2, "photo_x2_relu_sixth"),
    # From the longer run of x4.
    "photo_x2_third": _from_x4(2, 2_000, "photo_x4_fourth", seed=25),
    "photo_x3_third": _from_x4(3, 900, "photo_x4_fourth", seed=27),
    "photo_x2_relu_fifth": _with_relu(
        _from_x4(2, 1_500, "photo_x4_relu_sixth", seed=26, stages=LAST_STAGES)
    ),
    "photo_x3_relu": _with_relu(
        _from_x4(3, 900, "photo_x4_relu_sixth", seed=24, stages=LAST_STAGES)
    ),
    "photo_x2_fourth": _varied(2, 1_800, "photo_x2_third", seed=34),
    "photo_x3_fourth": _varied(3, 1_200, "photo_x3_third", seed=35),
    "photo_x2_relu_sixth": _with_relu(_varied(2, 1_500, "photo_x2_relu_fifth", seed=36)),
    "photo_x3_relu_second": _with_relu(_varied(3, 1_200, "photo_x3_relu", seed=37)),
    "photo_x3_int8": _int8(3, "photo_x3_relu_second"),
    "photo_large_x4_second": _short(
        4,
        6_500,
        8e-4,
        "photo_x4_fourth",
        seed=31,
        model="photo_large",
        widened=True,
        sharpened=0.35,
        coring=2.0,
        remark=f"It starts from the weights of `photo`, widened. {TEACHER}",
    ),
}
