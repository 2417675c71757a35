"""What a run learns from: its pictures at each scale, what it adds to them, and its lessons."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from training.data.corpus import Corpus, build_corpus
from training.data.patterns import add_patterns
from training.data.pictures import Color
from training.models import BadConfig, configure
from training.run import checkpoint
from training.run.batches import Corpora
from training.run.distillation import teacher_output, to_luma
from training.run.places import Places
from training.run.run_data import RunData
from training.run.sources import find_plan
from training.run.teacher import open_lessons
from training.run.trained_network import network
from training.run.trainer import Run


@dataclass(frozen=True)
class _Teacher:
    """A network whose output is the second target at its scale."""

    net: nn.Module
    scale: int
    color: Color


def corpora_of(run: Run, places: Places, pictures: RunData) -> Corpora:
    """Photographs at each scale of the run, teacher output and patterns.

    Raises:
        TooSmall: no picture gives a tile.
        UsageError: there is no room for the tiles.
        BadNetwork: the ``lessons_file`` of the recipe is missing or of another version.
        BadConfig: it is damaged, or of another scale.
    """
    plan = run.recipe
    corpora = {
        scale: build_corpus(pictures.train, scale, run.color, pictures.cutting, places.runs)
        for scale in (plan.scale, *plan.scales)
    }
    for teacher in _teachers(run, places):
        own = corpora[teacher.scale]
        taught = _taught(run, teacher, own, places, pictures)
        corpora[teacher.scale] = replace(own, taught=taught)
    return {scale: add_patterns(each, plan.patterns, plan.seed) for scale, each in corpora.items()}


def _teachers(run: Run, places: Places) -> Iterator[_Teacher]:
    """The teachers of the recipe, one for a scale."""
    for name in run.recipe.teachers:
        source = find_plan(name, places.runs, places.kept)
        color = configure(source.model, source.scale, source.model_options).color
        weights = checkpoint.load_weights(name, places.runs, places.kept)
        yield _Teacher(network(source, weights), source.scale, color)
    if run.recipe.lessons_file:
        yield _from_outside(run.setting.teachers, run.recipe.lessons_file, run.recipe.scale)


def _from_outside(folder: Path, file: str, scale: int) -> _Teacher:
    net = open_lessons(folder, file)
    if net.scale != scale:
        raise BadConfig(
            f"lessons_file: {folder / file} enlarges {net.scale} times, and the recipe {scale} "
            f"times; name the weights of SMFANet+ for x{scale}"
        )
    return _Teacher(net, scale, "rgb")


def _taught(
    run: Run, teacher: _Teacher, corpus: Corpus, places: Places, pictures: RunData
) -> torch.Tensor:
    """The output of ``teacher`` for ``corpus``, in the color of the run."""
    color = teacher.color
    if color != run.color:
        corpus = build_corpus(pictures.train, corpus.scale, color, pictures.cutting, places.runs)
    net = teacher.net.to(run.setting.device)
    taught = teacher_output(corpus, net, run.recipe.ensemble, places.runs / "lessons")
    return taught if color == run.color else to_luma(taught)
