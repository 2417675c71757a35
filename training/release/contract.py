"""The contract of a network before anything is measured."""

from dataclasses import replace
from pathlib import Path

from sr_batch.core.model_spec import ModelSpec
from training.evaluate.protocol import protocol_of
from training.models import configure
from training.models.torch_session import unmeasured_spec
from training.recipes import RECIPES
from training.recipes.recipe import Recipe
from training.run.record import Pictures
from training.run.source_commit import source_commit

LICENCE = "CC BY-SA 4.0"
UNKNOWN_LICENCE = (
    "not stated: it depends on the training pictures and on the weights it started from"
)
SHIPPED = {"train-tight": 376, "train-more": 208}  # folder of the data -> the pictures in DATA
DATA = (
    "584 pictures, 79 megapixels: CID22 training pictures (CC BY-SA 4.0), CLIC (Unsplash licence), "
    "open-licence photographs (CC0, public domain, CC BY, CC BY-SA, Unsplash, Pexels) and gb82 "
    "(CC0); no BSDS image"
)
PHOTOGRAPHS = (
    "708 parts of 333 open-licence photographs, 104 megapixels (CC BY-SA 3.0, Unsplash, CC0, "
    "public domain, CC BY, CC BY-SA 4.0, Pexels, and the wallpaper rules of elementary and Solus, "
    "which allow those)"
)
OUTSIDE_TEACHERS = {
    **{
        f"SMFANet_plus_DF2K_100w_x{scale}SR.pth": (
            f"Outputs of SMFANet+ x{scale} by Zheng et al. (Apache-2.0), which its authors trained "
            "on DF2K; none of its weights are in this file"
        )
        for scale in (2, 3, 4)
    },
    **{
        file: (
            f"Outputs of {name} of Real-ESRGAN (BSD-3-Clause, Copyright (c) 2021, Xintao Wang; the "
            "text is in NOTICE), whose paper names DF2K and OutdoorSceneTraining as training data; "
            "none of its weights are in this file"
        )
        for file, name in (
            ("RealESRGAN_General_WDN_x4_v3.param", "realesr-general-wdn-x4v3"),
            ("REALESRGAN_X4PLUS_UP4X.param", "realesrgan-x4plus"),
        )
    },
}

# By network: the one whose weights it starts from, in the same structure.
PARTNERS = {"photo": "balanced", "esrgan": "rrdb"}
SHIFTING = {"photo"}  # networks that shift colors over whole areas, as their teachers do


def draft_spec(recipe: Recipe, name: str = "", pictures: Pictures | None = None) -> ModelSpec:
    """The contract of the network of ``recipe``: what is known without measuring it.

    Args:
        recipe: What was trained.
        name: Name of the network, as in ``--model``. Default: that of the architecture.
        pictures: What it was trained on; None means all of :data:`SHIPPED`.
    """
    color = configure(recipe.model, recipe.scale, recipe.model_options).color
    return replace(
        unmeasured_spec(recipe.model, recipe.scale, color),
        name=name or recipe.model,
        partner=PARTNERS.get(recipe.model, ""),
        color_lock=recipe.model in SHIFTING,
        protocol=protocol_of(recipe).text(),
        licence=LICENCE if _is_shipped(recipe, pictures) else UNKNOWN_LICENCE,
        data=_data(recipe, pictures),
        commit=source_commit(),
    )


def _is_shipped(recipe: Recipe, pictures: Pictures | None) -> bool:
    """Whether the pictures are those whose origins this file states."""
    folders = SHIPPED | ({"train-photos": 708} if recipe.photographs else {})
    return pictures is None or pictures.folders == folders


def _data(recipe: Recipe, pictures: Pictures | None) -> str:
    # Weights that are only rounded learned what those learned that they start from.
    learned = recipe if recipe.iterations else RECIPES.get(recipe.init or "", recipe)
    parts = [DATA, *([PHOTOGRAPHS] if learned.photographs else [])]
    if pictures and not _is_shipped(recipe, pictures):
        parts = [pictures.text()]
        if recipe.init:
            parts.append(f"It started from the weights of {Path(recipe.init).name}")
    if file := learned.teacher_file or learned.lessons_file:
        parts.append(OUTSIDE_TEACHERS[file])
    return ". ".join(parts)
