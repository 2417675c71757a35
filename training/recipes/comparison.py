"""RGB networks that are kept for comparison."""

from training.recipes.common import L1, LUMA
from training.recipes.recipe import Recipe, Stage

RESIDUAL_STAGES = (
    Stage(0.7, batch=8, patch=24, loss=L1),
    Stage(1.0, batch=4, patch=40, loss=LUMA),
)

COMPARED = {
    "refiner_x4": Recipe("refiner", 4, 6_000, 5e-4, RESIDUAL_STAGES),
    "resnet_x4": Recipe("resnet", 4, 6_000, 5e-4, RESIDUAL_STAGES),
    "autoencoder_x4": Recipe("autoencoder", 4, 4_000, 5e-4, RESIDUAL_STAGES),
    "srcnn_deep_x2": Recipe(
        "srcnn_deep",
        2,
        1_400,
        1e-3,
        (Stage(1.0, batch=4, patch=16, loss=L1),),
        optimizer="muon",
        remark="The first 1,000 iterations ran under the cosine of a run of that length.",
    ),
}
