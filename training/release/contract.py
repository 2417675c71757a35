"""The contract of a network before anything is measured."""

from collections.abc import Sequence
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
    recipes = _ancestors(recipe)
    return replace(
        unmeasured_spec(recipe.model, recipe.scale, color),
        name=name or recipe.model,
        partner=PARTNERS.get(recipe.model, ""),
        color_lock=recipe.model in SHIFTING,
        protocol=protocol_of(recipe).text(),
        licence=_licence(pictures, recipes),
        data=_data(pictures, recipes),
        commit=source_commit(),
    )


def _is_shipped(pictures: Pictures | None, recipes: Sequence[Recipe]) -> bool:
    """Whether the pictures are those whose origins this file states."""
    more = {"train-photos": 708} if recipes[0].photographs else {}
    return pictures is None or pictures.folders == SHIPPED | more


def _licence(pictures: Pictures | None, recipes: Sequence[Recipe]) -> str:
    stated = all(file in OUTSIDE_TEACHERS for file in _teacher_files(recipes))
    stated = stated and not _foreign_start(recipes) and _is_shipped(pictures, recipes)
    return LICENCE if stated else UNKNOWN_LICENCE


def _data(pictures: Pictures | None, recipes: Sequence[Recipe]) -> str:
    if pictures is None or _is_shipped(pictures, recipes):
        photographs = any(recipe.photographs for recipe in recipes)
        parts = [DATA, *([PHOTOGRAPHS] if photographs else [])]
        start = _foreign_start(recipes)
    else:
        parts, start = [pictures.text()], recipes[0].init or ""
    if start:
        parts.append(f"It started from the weights of {Path(start).name}")
    return ". ".join([*parts, *map(_credit, _teacher_files(recipes))])


def _credit(file: str) -> str:
    unknown = f"Outputs of {Path(file).stem}, whose licence and training data are not known here"
    return OUTSIDE_TEACHERS.get(file, unknown)


def _ancestors(recipe: Recipe) -> list[Recipe]:
    """``recipe``, and those of all weights that it started from, the last ones first."""
    recipes = [recipe]
    while start := RECIPES.get(recipes[-1].init or ""):
        recipes.append(start)
    return recipes


def _foreign_start(recipes: Sequence[Recipe]) -> str:
    """The file of weights that no recipe made, and that all of it started from; or nothing."""
    return recipes[-1].init or ""


def _teacher_files(recipes: Sequence[Recipe]) -> list[str]:
    """The teachers from outside of ``recipes``, each once."""
    files = (recipe.teacher_file or recipe.lessons_file for recipe in recipes)
    return list(dict.fromkeys(file for file in files if file))
