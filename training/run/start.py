"""Starts or resumes a run: its folder, its initial weights, its corpora and teachers."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from training.data.corpus import Corpus, build_corpus
from training.data.dead_leaves import add_leaves
from training.data.lr_crops import calibration
from training.models import configure
from training.models.smfanet import load_smfanet
from training.quantize.equalize import equalize_
from training.recipes import RECIPES
from training.recipes.recipe import Recipe
from training.run import checkpoint
from training.run.distillation import teacher_output, to_luma
from training.run.loop import train
from training.run.run_data import RunData, monitored, run_data
from training.run.source_commit import source_commit
from training.run.trained_network import network, starting_weights
from training.run.trainer import Corpora, Run, Setting


class Busy(RuntimeError):
    """Another process uses this run folder."""


@dataclass(frozen=True)
class Places:
    """The folders of the image sets, of the runs, and of the weights that git keeps."""

    data: Path
    runs: Path
    kept: Path


def carry_out(plan: Recipe, setting: Setting, places: Places) -> None:
    """Train ``plan`` to its end, from its last checkpoint if there is one.

    Raises:
        Busy: another process uses the run folder.
        FileNotFoundError: image sets or initial weights are missing.
        Diverged: the loss became NaN or infinite.
    """
    with _alone_in(setting.folder):
        pictures = run_data(plan, places.data)
        if not setting.monitor:
            found = monitored(pictures, places.data, setting.folder / "validation")
            pairs = tuple((hr, lr) for hr, lr in found if lr)
            setting = replace(setting, monitor=tuple(hr for hr, _ in found), monitored_pairs=pairs)
        run = Run(plan, setting)
        if not run.resume() and not _resume_kept(run, places.kept) and plan.init:
            run.start_from(_start(run, plan.init, places, pictures))
        _note(run)
        train(run, _corpora(run, places, pictures))


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout as error:
        raise Busy(f"{folder}: another process trains here; wait for it or stop it") from error


def _resume_kept(run: Run, kept: Path) -> bool:
    """Continue from the state that git keeps of this run. Returns False if there is none."""
    folder = run.setting.folder
    states = checkpoint.load_kept(folder.name, kept, run.setting.device)
    if states is None:
        return False
    run.restore(states)
    shutil.copyfile(kept / f"{folder.name}.csv", folder / "metrics.csv")
    return True


def _start(run: Run, init: str, places: Places, pictures: RunData) -> checkpoint.State:
    """The weights of ``init`` in the form that the recipe of ``run`` starts from."""
    plan = run.recipe
    weights = starting_weights(plan, RECIPES[init], _weights(init, places))
    if not (plan.quantized and plan.equalized):
        return weights
    net = network(plan, weights)
    images = calibration(pictures.files, plan.scale, run.color)
    equalize_(net, [torch.from_numpy(image) for image in images])
    return net.state_dict()


def _note(run: Run) -> None:
    with (run.setting.folder / "recipe.txt").open("a", encoding="utf-8") as file:
        file.write(f"{source_commit()} from iteration {run.iteration}: {run.recipe}\n")


def _corpora(run: Run, places: Places, pictures: RunData) -> Corpora:
    """Photographs at each scale of the run, the output of its teachers, and dead leaves."""
    plan = run.recipe
    corpora = {
        scale: build_corpus(pictures.train, scale, run.color, pictures.cutting, places.runs)
        for scale in (plan.scale, *plan.scales)
    }
    for name in plan.teachers:
        corpus = corpora[RECIPES[name].scale]
        corpora[corpus.scale] = replace(corpus, taught=_taught(run, name, corpus, places, pictures))
    if plan.lessons_file:
        own = corpora[plan.scale]
        corpora[plan.scale] = replace(own, taught=_lessons(run, own, places))
    return {s: add_leaves(each, run.color, plan.leaves, plan.seed) for s, each in corpora.items()}


def _taught(run: Run, name: str, corpus: Corpus, places: Places, pictures: RunData) -> torch.Tensor:
    """The output of the teacher ``name`` for ``corpus``, in the color of the run."""
    source = RECIPES[name]
    color = configure(source.model, source.scale, source.model_options).color
    if color != run.color:
        corpus = build_corpus(pictures.train, source.scale, color, pictures.cutting, places.runs)
    teacher = network(source, _weights(name, places)).to(run.setting.device)
    taught = teacher_output(corpus, teacher, run.recipe.ensemble, places.runs / "lessons")
    return taught if color == run.color else to_luma(taught)


def _lessons(run: Run, corpus: Corpus, places: Places) -> torch.Tensor:
    """The output of the recipe's ``lessons_file`` for ``corpus``."""
    teacher = load_smfanet(run.setting.teachers / run.recipe.lessons_file)
    teacher = teacher.to(run.setting.device)
    return teacher_output(corpus, teacher, run.recipe.ensemble, places.runs / "lessons")


def _weights(recipe: str, places: Places) -> checkpoint.State:
    return checkpoint.load_weights(recipe, places.runs, places.kept)
