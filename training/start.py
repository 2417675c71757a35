"""From a recipe to a run under way: its folder, the weights it starts from, what it learns from."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from training import checkpoint
from training.commit import source_commit
from training.data import Corpus, load_corpus, shipped_images
from training.equalize import equalize_
from training.leaves import add_leaves
from training.loop import train
from training.measure import calibration
from training.models import configure
from training.recipe import Recipe
from training.recipes import RECIPES
from training.run import Corpora, Run, Setting
from training.teaching import lessons, to_luma
from training.trained import network, starting_weights


class Busy(RuntimeError):
    """Another process trains in this run folder."""


@dataclass(frozen=True)
class Places:
    """Folders: the image sets, the run folders, the weights that git keeps."""

    data: Path
    runs: Path
    kept: Path


def carry_out(plan: Recipe, setting: Setting, places: Places) -> None:
    """Train ``plan`` to its end, from where its run folder stopped if it did.

    Raises:
        Busy: its folder is in use.
        FileNotFoundError: pictures, or the weights it starts from, are missing.
        Diverged: the loss is no longer a number.
    """
    with _alone_in(setting.folder):
        run = Run(plan, setting)
        if not run.resume() and not _resume_kept(run, places.kept) and plan.init:
            run.start_from(_start(run, plan.init, places))
        _note(run)
        train(run, _corpora(run, places))


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout as error:
        raise Busy(f"{folder}: another process trains there; wait for it, or stop it") from error


def _resume_kept(run: Run, kept: Path) -> bool:
    """Continue from the state that git keeps of this run. False when it keeps none."""
    folder = run.setting.folder
    states = checkpoint.load_kept(folder.name, kept, run.setting.device)
    if states is None:
        return False
    run.restore(states)
    shutil.copyfile(kept / f"{folder.name}.csv", folder / "metrics.csv")
    return True


def _start(run: Run, init: str, places: Places) -> checkpoint.State:
    """The weights of ``init`` as the recipe of ``run`` takes them over."""
    plan = run.recipe
    weights = starting_weights(plan, RECIPES[init], _weights(init, places))
    if not (plan.quantized and plan.equalized):
        return weights
    net = network(plan, weights)
    images = calibration(places.data, plan.scale, run.color)
    equalize_(net, [torch.from_numpy(image) for image in images])
    return net.state_dict()


def _note(run: Run) -> None:
    with (run.setting.folder / "recipe.txt").open("a", encoding="utf-8") as file:
        file.write(f"{source_commit()} from iteration {run.iteration}: {run.recipe}\n")


def _corpora(run: Run, places: Places) -> Corpora:
    """Photographs at every scale of the run, what its teachers make of them, and dead leaves."""
    plan = run.recipe
    paths = shipped_images(places.data, plan.photographs)
    corpora = {s: load_corpus(paths, s, run.color) for s in (plan.scale, *plan.scales)}
    for name in plan.teachers:
        corpus = corpora[RECIPES[name].scale]
        corpora[corpus.scale] = replace(corpus, taught=_lessons(run, name, corpus, places))
    return {s: add_leaves(each, run.color, plan.leaves, plan.seed) for s, each in corpora.items()}


def _lessons(run: Run, name: str, corpus: Corpus, places: Places) -> torch.Tensor:
    """What the teacher ``name`` makes of ``corpus``: in RGB by a teacher of RGB, and then luma."""
    source = RECIPES[name]
    color = configure(source.model, source.scale, source.model_options).color
    if color != run.color:
        corpus = load_corpus(shipped_images(places.data), source.scale, color)
    teacher = network(source, _weights(name, places)).to(run.setting.device)
    taught = lessons(corpus, teacher, run.recipe.ensemble, places.runs / "lessons")
    return taught if color == run.color else to_luma(taught)


def _weights(recipe: str, places: Places) -> checkpoint.State:
    return checkpoint.load_weights(recipe, places.runs, places.kept)
