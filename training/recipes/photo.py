"""Networks for real photographs: with noise, blur and JPEG artifacts."""

from training.losses.pixel import Weights
from training.recipes.recipe import Recipe, Stage

SEEN: Weights = {"l1": 1.0, "gradient": 1.0, "perceptual": 0.1, "mesh": 5.0}
BESIDE: Weights = {"l1": 0.2}

PHOTO = {
    "photo_x4": Recipe(
        "balanced",
        4,
        60_000,
        8e-4,
        (Stage(1.0, batch=4, patch=48, loss=SEEN, jitter=3, clean=1),),
        init="balanced_x4_again",
        teacher_file="RealESRGAN_General_WDN_x4_v3.param",
        original=BESIDE,
        photographs=True,
        degradation="worn",
        optimizer="muon",
        final_lr=1e-5,
        remark=(
            "The teacher is realesr-general-wdn-x4v3 of Real-ESRGAN (BSD-3-Clause). The first "
            "1,400 iterations ran with other weights of the losses, and with the teacher's "
            "output as the target of clean patches."
        ),
    ),
}
