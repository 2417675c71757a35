"""What a run learns from: its pictures at each scale, what it adds to them, and its lessons."""

from dataclasses import replace

import torch

from training.data.corpus import Corpus, build_corpus
from training.data.dead_leaves import add_leaves
from training.data.patterns import add_patterns
from training.models import configure
from training.models.smfanet import load_smfanet
from training.run import checkpoint
from training.run.batches import Corpora
from training.run.distillation import teacher_output, to_luma
from training.run.places import Places
from training.run.run_data import RunData
from training.run.sources import find_plan
from training.run.trained_network import network
from training.run.trainer import Run


def corpora_of(run: Run, places: Places, pictures: RunData) -> Corpora:
    """Photographs at each scale of the run, teacher output, dead leaves and patterns."""
    plan = run.recipe
    corpora = {
        scale: build_corpus(pictures.train, scale, run.color, pictures.cutting, places.runs)
        for scale in (plan.scale, *plan.scales)
    }
    for name in plan.teachers:
        corpus = corpora[find_plan(name, places.runs, places.kept).scale]
        corpora[corpus.scale] = replace(corpus, taught=_taught(run, name, corpus, places, pictures))
    if plan.lessons_file:
        own = corpora[plan.scale]
        corpora[plan.scale] = replace(own, taught=_lessons(run, own, places))
    return {
        scale: add_patterns(
            add_leaves(each, run.color, plan.leaves, plan.seed), plan.patterns, plan.seed
        )
        for scale, each in corpora.items()
    }


def _taught(run: Run, name: str, corpus: Corpus, places: Places, pictures: RunData) -> torch.Tensor:
    """The output of the teacher ``name`` for ``corpus``, in the color of the run."""
    source = find_plan(name, places.runs, places.kept)
    color = configure(source.model, source.scale, source.model_options).color
    if color != run.color:
        corpus = build_corpus(pictures.train, source.scale, color, pictures.cutting, places.runs)
    weights = checkpoint.load_weights(name, places.runs, places.kept)
    teacher = network(source, weights).to(run.setting.device)
    taught = teacher_output(corpus, teacher, run.recipe.ensemble, places.runs / "lessons")
    return taught if color == run.color else to_luma(taught)


def _lessons(run: Run, corpus: Corpus, places: Places) -> torch.Tensor:
    """The output of the recipe's ``lessons_file`` for ``corpus``."""
    teacher = load_smfanet(run.setting.teachers / run.recipe.lessons_file)
    teacher = teacher.to(run.setting.device)
    return teacher_output(corpus, teacher, run.recipe.ensemble, places.runs / "lessons")
