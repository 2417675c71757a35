"""A first network of one's own: small, and trained in minutes on a CPU."""

from training.recipes.common import CHARBONNIER
from training.recipes.recipe import Recipe, Stage

FIRST = {
    "first_x2": Recipe(
        "espcn",
        2,
        600,
        1e-3,
        (Stage(1.0, batch=16, patch=24, loss=CHARBONNIER),),
        {"channels": 32},
        warmup=50,
        ema=0.99,
        remark="A first network on one's own photographs, as docs/training.md shows. It has 32 "
        "channels, and not 64.",
    ),
}
