"""Small configurations of every network, short runs of them, and contracts for their files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

from sr_batch.core.model_spec import ModelSpec
from training.data.corpus import Corpus, build_corpus
from training.data.pictures import Color, Picture, list_images, size_of
from training.data.tiles import COVERING, Cutting
from training.models import MODELS
from training.recipes.recipe import Recipe, Stage
from training.run.batches import Corpora
from training.run.setting import Setting

SMALL: dict[str, dict[str, Any]] = {
    "srcnn": {"features": 16, "mapping": 8},
    "srcnn_deep": {"width": 4},
    "espcn": {"channels": 16},
    "vdsr": {"channels": 16, "layers": 4},
    "autoencoder": {"channels": 8, "blocks": 1},
    "edsr": {"channels": 16, "blocks": 2},
    "rrdb": {"channels": 16, "growth": 8, "blocks": 1},
    "esrgan": {"channels": 16, "growth": 8, "blocks": 1},
    "refiner": {"channels": 16, "blocks": 2},
    "resnet": {"channels": 16, "blocks": 2, "tail": 8},
    "fast": {"channels": 16, "blocks": 2, "convs": 2},
    "balanced": {"channels": 16, "blocks": 2, "convs": 2},
    "photo": {"channels": 16, "blocks": 2, "convs": 2},
    "photo_large": {"channels": 16, "blocks": 2, "convs": 2},
}
SMALL_REPORT: dict[str, dict[str, Any]] = {
    "srcnn": SMALL["srcnn"] | {"start": "normal", "padding": "zeros"},
    "srcnn_deep": SMALL["srcnn_deep"] | {"skip": False},
    "autoencoder": SMALL["autoencoder"] | {"skip": False},
    "edsr": SMALL["edsr"] | {"tail": "direct"},
    "fast": SMALL["fast"] | {"slope": 0.0},
    "resnet": SMALL["resnet"] | {"tail": 0},
    "refiner": SMALL["refiner"] | {"stride": 1},
}
"""Options other than sizes that ``report`` recipes and others use."""

_AS_FAST = ("balanced", "photo", "photo_large")  # the same class with other sizes
CONFIGS = {name: (name, options) for name, options in SMALL.items() if name not in _AS_FAST} | {
    f"{name}_other": (name, options) for name, options in SMALL_REPORT.items()
}
"""Id -> network and options: every configuration that tests train, resume and export."""

QUICK = ("espcn", "edsr_other", "fast_other")
"""Those that learn, resume and are exported in the quick tests, too: luma and RGB, any tail."""


def slow_unless_quick(configs: Iterable[str]) -> list[Any]:
    """Parameters of a test; the configurations that are not in ``QUICK`` have the mark slow."""
    return [
        config if config in QUICK else pytest.param(config, marks=pytest.mark.slow)
        for config in configs
    ]


EVERY = [(name, scale) for name, entry in MODELS.items() for scale in entry.scales]


def spec_of(name: str, scale: int, color: Color) -> ModelSpec:
    return ModelSpec(
        name=name,
        arch=name,
        scale=scale,
        color=color,
        multiple=1,
        receptive_field=15,
        overlap=7,
        precision="fp32",
        protocol="PSNR-Y",
        licence="CC0",
        data="noise",
        commit="none",
    )


def small_recipe(config: str, iterations: int = 12) -> Recipe:
    model, options = CONFIGS[config]
    stages = (
        Stage(0.5, 2, 12, {"l1": 1}),
        Stage(0.8, 2, 16, {"charbonnier": 1, "fft": 0.05}),
        Stage(1.0, 2, 16, {"mse": 1}),
    )
    scale = MODELS[model].scales[0]
    return Recipe(model, scale, iterations, 1e-3, stages, options, warmup=3)


def setting(folder: Path, photographs: Path, every: int = 100) -> Setting:
    monitor = tuple(list_images([photographs])[:1])
    return Setting(folder, torch.device("cpu"), False, monitor, every)


def load_corpus(
    paths: Iterable[Path], scale: int, color: Color, cutting: Cutting = COVERING
) -> Corpus:
    """The corpus of the pictures at ``paths``, whose LR is bicubic."""
    return build_corpus([Picture(path, size_of(path)) for path in paths], scale, color, cutting)


def corpora_for(model: str, photographs: Path, scales: tuple[int, ...] = ()) -> Corpora:
    scales = scales or MODELS[model].scales[:1]
    color = MODELS[model].config(scale=scales[0]).color
    return {scale: load_corpus(list_images([photographs]), scale, color) for scale in scales}
