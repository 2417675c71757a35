"""What is exported: the weights of a run, and how they were trained."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sr_batch.core.errors import UsageError
from training.recipes.recipe import Recipe
from training.run.checkpoint import load_best, load_weights
from training.run.places import Places
from training.run.record import Record, find_record
from training.run.sources import find_plan

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SCALE = re.compile(r"_x\d+(?=_|$)")


@dataclass(frozen=True)
class TrainedRun:
    """The result of a run.

    Attributes:
        recipe: What was trained.
        weights: Of the network, as :func:`~training.run.checkpoint.load_weights` returns them.
        metrics: The table of the run, for its curve.
        record: What ran; None for runs that have no record.
    """

    recipe: Recipe
    weights: Mapping[str, torch.Tensor]
    metrics: Path
    record: Record | None = None


def trained_run(name: str, places: Places, best: bool = False) -> TrainedRun:
    """The run ``name``, of which the recipe, the weights and the table are found.

    Args:
        name: Of the run.
        places: Where it is.
        best: Whether to take its best weights by ``best_on``. Otherwise they are the last ones, or
            the best ones if the run stops early.

    Raises:
        BadConfig: neither a run nor a recipe has this name.
        FileNotFoundError: it has no weights, or no best ones.
    """
    recipe = find_plan(name, places.runs, places.kept)
    record = find_record(name, places.runs, places.kept)
    if best:
        weights, iteration = load_best(name, places.runs)
        record = replace(record, kept=iteration) if record else None
    else:
        weights = load_weights(name, places.runs, places.kept)
    source = name if recipe.iterations or not recipe.init else recipe.init
    metrics = places.runs / source / "metrics.csv"
    if not metrics.exists():
        metrics = places.kept / f"{source}.csv"
    return TrainedRun(recipe, weights, metrics, record)


def network_name(run: str, recipe: Recipe) -> str:
    """The name of the network of ``run``: without its scale, and without ``_int8``.

    The files add both: ``edsr_x2_again`` becomes ``edsr_again_x2.onnx``.
    """
    name = _SCALE.sub("", run)
    return name.removesuffix("_int8") if recipe.quantized else name


def checked_name(name: str) -> str:
    """``name``, if it can be the name of a network.

    Raises:
        UsageError: it has other characters, or ends as the scale does that the file name adds.
    """
    if not _NAME.fullmatch(name) or _SCALE.search(name):
        raise UsageError(
            f"--as {name}: use letters, digits, '_' and '-'. The file name adds the scale: "
            "--as mine makes mine_x2.onnx"
        )
    return name
