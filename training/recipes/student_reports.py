"""The recipes of student reports on these networks, to repeat and to beat: ``*_report``.

Batches too large for a small machine are accumulated over several passes. Numbers that a report
does not state are ours.
"""

from typing import Any

from training.losses.pixel import Weights
from training.recipes.recipe import Recipe, Stage

_MSE: Weights = {"mse": 1.0}
_MAE: Weights = {"l1": 1.0}
# Half the sum of the squares over the 21x21 central pixels, of values divided by their deviation:
# what Caffe's SRCNN minimizes. With their mean, rates of 1e-4 do not move N(0, 0.001) weights.
_HALF_SUM: Weights = {"mse": 0.5 * 21**2 / 0.232**2}
_FOOLING: Weights = {**_MAE, "adversarial": 0.005}
# No average of weights, no clipped gradient, no warm-up: as these reports' scripts trained.
_PLAIN: dict[str, Any] = {"ema": 0.0, "clip": 0.0, "warmup": 0}
_ADAM: dict[str, Any] = {**_PLAIN, "betas": (0.9, 0.999)}
_KERAS: dict[str, Any] = {**_ADAM, "start": "glorot", "turns": "none"}
_CONSTANT: dict[str, Any] = {"schedule": "step", "drops": ()}


def _deep(model: str, **options: object) -> Recipe:
    """Adam 1e-6, half the rate after 3 epochs without a gain in validation, the best weights."""
    return Recipe(
        model,
        2,
        50_000,
        1e-6,
        (Stage(1.0, batch=16, patch=16, loss=_MSE, accumulate=8),),
        dict(options),
        schedule="plateau",
        patience=3,
        plateau_on="validation_loss",
        early_stop=10,
        stop_on="validation_loss",
        best_on="validation_loss",
        **_KERAS,
    )


def _mae(model: str, scale: int, loss: Weights = _MAE, **options: object) -> Recipe:
    """The comparison of five networks: MAE, Adam 1e-4, 700 pictures of 256x256.

    The report had 3 to 15 epochs, and does not say which network had how many: all get 15.
    """
    stages = (Stage(1.0, batch=4, patch=256 // scale, loss=loss),)
    return Recipe(
        model, scale, 2_625, 1e-4, stages, dict(options), epochs=15, **_CONSTANT, **_KERAS
    )


def _srcnn(**options: object) -> Recipe:
    """Blurred LR, a rate for each layer, loss on the central pixels; 25.14 dB, bicubic 25.74.

    The report normalized by .434 and .232. Luma of studio range in BSDS500 has .431 and .199, and
    that of full range, .428 and .232.
    """
    return Recipe(
        "srcnn",
        3,
        20_000,
        1e-4,
        (Stage(1.0, batch=16, patch=11, loss=_HALF_SUM, border=6),),
        {"start": "normal", "padding": "zeros", **options},
        normalized=True,
        degradation="blur",
        turns="none",
        optimizer="sgd",
        rates={"rebuild": 0.1},
        **_CONSTANT,
        **_PLAIN,
    )


def _residual(model: str, **options: object) -> Recipe:
    """LR of 32x32, MSE, at most 1e-4 by a cosine, rotations, early stop on validation."""
    return Recipe(
        model,
        4,
        20_000,
        1e-4,
        (Stage(1.0, batch=16, patch=32, loss=_MSE),),
        dict(options),
        turns="rotations",
        early_stop=10,
        stop_on="validation_loss",
        best_on="validation_loss",
        **{**_ADAM, "clip": 1.0},
    )


REPORTS = {
    # Ten convolutions with sigmoids.
    "srcnn_deep_x2_report": _deep("srcnn_deep", skip=False),
    # The first network of that report: shallow, and on RGB, too.
    "srcnn_x2_report": _deep("srcnn", color="rgb"),
    "srcnn_x3_report": _srcnn(),
    # What that report wished to try: twice the width.
    "srcnn_x3_wide_report": _srcnn(features=128, mapping=64),
    "srcnn_x4_report": _mae("srcnn", 4),
    "vdsr_x2_report": _mae("vdsr", 2),
    "vdsr_x4_report": _mae("vdsr", 4),
    "autoencoder_x4_report": _mae("autoencoder", 4, skip=False),
    "edsr_x4_report": _mae("edsr", 4),
    "esrgan_x4_report": _mae("esrgan", 4, _FOOLING),
    # The report's best had 192 channels at full size.
    "refiner_x4_report": _residual("refiner", blocks=16, channels=192, stride=1),
    # The report went up to 612 channels (162 million parameters), 24.0 dB on its pictures.
    "resnet_x4_report": _residual("resnet", blocks=24, channels=128, tail=0),
    # Area-downsampled LR, 450 pictures, 50 epochs: 0.5 dB over bicubic. Orthogonal weights, and a
    # ReLU after the last layer, too.
    "espcn_x3_report": Recipe(
        "espcn",
        3,
        2_850,
        1e-3,
        (Stage(1.0, batch=8, patch=100 // 3, loss=_MSE),),
        {"final_relu": True},
        epochs=50,
        degradation="area",
        **_CONSTANT,
        **{**_KERAS, "start": "orthogonal"},
    ),
}
