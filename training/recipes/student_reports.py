"""The recipes of student reports on these networks, to repeat and to beat: ``*_report``.

Batches too large for a small machine are accumulated over several passes. Numbers that a report
does not state are ours.
"""

from training.losses.pixel import Weights
from training.recipes.recipe import Recipe, Stage

_MSE: Weights = {"mse": 1.0}
_MAE: Weights = {"l1": 1.0}


def _mae(model: str, scale: int, **options: object) -> Recipe:
    """The comparison of five networks: MAE, Adam 1e-4, 15 epochs of 700 pictures of 256x256."""
    stages = (Stage(1.0, batch=4, patch=256 // scale, loss=_MAE),)
    return Recipe(model, scale, 2_625, 1e-4, stages, dict(options), schedule="step", drops=())


REPORTS = {
    # Ten convolutions with sigmoids: Adam 1e-6, half the rate after 3 epochs without a gain, the
    # best weights.
    "srcnn_deep_x2_report": Recipe(
        "srcnn_deep",
        2,
        50_000,
        1e-6,
        (Stage(1.0, batch=16, patch=16, loss=_MSE, accumulate=8),),
        {"skip": False},
        schedule="plateau",
        patience=3,
        early_stop=10,
        warmup=1,
    ),
    # Blurred LR, a rate for each layer, loss on the central pixels; 25.14 dB, bicubic 25.74.
    "srcnn_x3_report": Recipe(
        "srcnn",
        3,
        20_000,
        1e-4,
        (Stage(1.0, batch=128, patch=11, loss=_MSE, border=6),),
        {"start": "normal"},
        degradation="blur",
        optimizer="sgd",
        rates={"rebuild": 0.1},
        schedule="step",
        drops=(),
        warmup=1,
    ),
    "vdsr_x2_report": _mae("vdsr", 2),
    "autoencoder_x4_report": _mae("autoencoder", 4, skip=False),
    "edsr_x4_report": _mae("edsr", 4),
    "esrgan_x4_report": _mae("esrgan", 4),
    # LR of 32x32, MSE, cosine, early stop; the report's best had 192 channels at full size.
    "refiner_x4_report": Recipe(
        "refiner",
        4,
        20_000,
        1e-3,
        (Stage(1.0, batch=16, patch=32, loss=_MSE),),
        {"blocks": 16, "channels": 192, "stride": 1},
        early_stop=10,
    ),
    # The report went up to 612 channels (162 million parameters), 24.0 dB on its pictures.
    "resnet_x4_report": Recipe(
        "resnet",
        4,
        20_000,
        1e-3,
        (Stage(1.0, batch=16, patch=32, loss=_MSE),),
        {"blocks": 24, "channels": 128},
        early_stop=10,
    ),
    # Area-downsampled LR, 450 pictures, 50 epochs: 0.5 dB over bicubic.
    "espcn_x3_report": Recipe(
        "espcn",
        3,
        3_000,
        1e-3,
        (Stage(1.0, batch=8, patch=100 // 3, loss=_MSE),),
        degradation="area",
        schedule="step",
        drops=(),
    ),
}
