"""Networks for real photographs: with noise, blur and JPEG artifacts."""

from training.losses.pixel import Weights
from training.recipes.recipe import Recipe, Stage

SEEN: Weights = {"l1": 1.0, "perceptual": 0.3, "mesh": 5.0}
BESIDE: Weights = {"l1": 0.1, "perceptual": 0.1}

PHOTO = {
    "photo_x4": Recipe(
        "balanced",
        4,
        60_000,
        8e-4,
        (Stage(1.0, batch=4, patch=48, loss=SEEN, jitter=3),),
        init="balanced_x4_again",
        teacher_file="RealESRGAN_General_WDN_x4_v3.param",
        original=BESIDE,
        photographs=True,
        degradation="photo",
        optimizer="muon",
        final_lr=1e-5,
        remark=(
            "The teacher is realesr-general-wdn-x4v3 of Real-ESRGAN (BSD-3-Clause). The first 300 "
            "iterations ran without jitter, and without the perceptual loss against HR; the first "
            "750 without the loss of a mesh."
        ),
    ),
}
