"""Starts or resumes a run: its folder, its pictures, and its initial weights."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from training.data.lr_crops import calibration
from training.data.statistics import mean_and_deviation
from training.evaluate.protocol import protocol_of
from training.models import configure
from training.quantize.equalize import equalize_
from training.recipes.recipe import COMPUTED, Recipe, passes_of
from training.run import checkpoint
from training.run.corpora import corpora_of
from training.run.full_disk import full_disk_told
from training.run.loop import ending, train
from training.run.places import Places
from training.run.record import Leg, Pictures, begin_leg, find_record, pictures_of
from training.run.run_data import CENTERS, RunData, monitored, run_data
from training.run.setting import EVERY, Setting
from training.run.source_commit import source_commit
from training.run.sources import find_plan, require_sources
from training.run.team import require_shareable
from training.run.trained_network import network, starting_weights
from training.run.trainer import Run
from training.run.weight_file import is_weight_file, read_weights, require_fitting


class Busy(RuntimeError):
    """Another process uses this run folder."""


def carry_out(plan: Recipe, setting: Setting, places: Places) -> None:
    """Train ``plan`` to its end, from its last checkpoint if there is one.

    Raises:
        Busy: another process uses the run folder.
        FileNotFoundError: image sets are missing.
        UsageError: folders of pairs do not match, or the pictures cannot be split.
        TooSmall: no picture is large enough for the recipe's patches.
        NotReady: the weights of another recipe are missing.
        BadConfig: the weights of another network are in the file that it starts from, a teacher
            is of another scale, or several processes cannot share the training.
        Diverged: the loss became NaN or infinite.
        StorageError: the disk is full. The last checkpoint is kept.
    """
    require_sources(plan, setting.folder, places)
    pictures, team = run_data(plan, places.data), setting.team
    alone = alone_in(setting.folder) if team.leads else nullcontext()
    with alone, full_disk_told(setting.folder):
        run = Run(*settled(plan, setting, pictures, places.data))
        if not run.resume() and not _resume_kept(run, places.kept) and plan.init:
            _start_from(run, plan.init, places, pictures)
        if team.leads and (note := _other_pictures(run, pictures)):
            print(note)
        if run.recipe.iterations and run.is_over and (setting.folder / "sheet.jpg").exists():
            print(ending(run))
            return
        require_shareable(run.recipe, run.net, team)
        with team.leader_first():  # it computes the output of teachers, and the others read it
            corpora = corpora_of(run, places, pictures)
        if team.leads:
            learned = pictures_of(pictures, run.recipe.scale)
            _note(run, learned)
            print(_pictures_line(run, pictures, learned))
        train(run, corpora)


def settled(
    plan: Recipe, setting: Setting, pictures: RunData, data: Path
) -> tuple[Recipe, Setting]:
    """With what depends on the pictures: iterations, checkpoints, monitored pictures, their mean.

    The centers of own pictures that the run is monitored on are written to its folder. Only the
    leader of a team needs them.

    Args:
        plan: If it has epochs, these set its iterations. If it is normalized, its options get the
            mean and the deviation of the pictures.
        setting: Pictures and an interval of checkpoints that it names stay.
        pictures: Of the run.
        data: Folder of the image sets.

    Raises:
        FileNotFoundError: there are neither validation pictures nor Set5.
        TooSmall: no validation picture can be decoded.
    """
    if not setting.monitor and setting.team.leads:
        found = monitored(pictures, data, setting.folder / CENTERS)
        pairs = tuple((hr, lr) for hr, lr in found if lr)
        setting = replace(setting, monitor=tuple(hr for hr, _ in found), monitored_pairs=pairs)
    if plan.normalized:
        color = configure(plan.model, plan.scale, plan.model_options).color
        measured = mean_and_deviation(pictures.train, color, pictures.cutting)
        options = {**plan.model_options, **dict(zip(COMPUTED, measured, strict=True))}
        plan = replace(plan, model_options=options)
    if not plan.epochs:
        return plan, replace(setting, every=setting.every or EVERY)
    epoch = passes_of(plan, pictures.tiles(plan.scale))
    plan = replace(plan, iterations=plan.epochs * epoch)
    return plan, replace(setting, every=setting.every or epoch)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the lock of ``folder``, which is made if it does not exist, in the block.

    Raises:
        Busy: another process holds it.
    """
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
    if run.setting.team.leads:
        shutil.copyfile(kept / f"{folder.name}.csv", folder / "metrics.csv")
    return True


def _start_from(run: Run, init: str, places: Places, pictures: RunData) -> None:
    """Give ``run`` the weights of ``init``, a recipe or a file."""
    weights: checkpoint.State
    if is_weight_file(init):
        weights = read_weights(Path(init))
        require_fitting(init, weights, run.net.state_dict())
    else:
        weights = _start(run, init, places, pictures)
    new = run.start_from(weights)
    unlike = f", except {', '.join(new)}, whose shapes differ" if new else ""
    print(f"Starts from the weights of {init}{unlike}.")


def _start(run: Run, init: str, places: Places, pictures: RunData) -> checkpoint.State:
    """The weights of the recipe ``init`` in the form that the recipe of ``run`` starts from."""
    plan = run.recipe
    source = find_plan(init, places.runs, places.kept)
    weights = checkpoint.load_weights(init, places.runs, places.kept)
    weights = starting_weights(plan, source, weights)
    if not (plan.quantized and plan.equalized):
        return weights
    net = network(plan, weights)
    images = calibration(pictures.files, plan.scale, run.color, protocol_of(plan).lr_of)
    equalize_(net, [torch.from_numpy(image) for image in images])
    return net.state_dict()


def _other_pictures(run: Run, pictures: RunData) -> str:
    """A note if the run that is resumed learned from other pictures; else empty."""
    folder, now = run.setting.folder, pictures_of(pictures, run.recipe.scale)
    record = find_record(folder.name, folder.parent, folder)
    if not record or not record.iterations or record.pictures.folders == now.folders:
        return ""
    return (
        f"note: {folder} has learned from other pictures until now: {record.pictures.text()}; these"
        f" are {now.text()}. To begin again, remove the folder, or name another one with --runs."
    )


def _pictures_line(run: Run, pictures: RunData, learned: Pictures) -> str:
    own = ", with their own LR" if any(each.lr for each in pictures.train) else ""
    count = len(run.setting.monitor)
    return f"Trains on {learned.text()}{own}; monitored on {count} picture{'s' * (count > 1)}."


def _note(run: Run, learned: Pictures) -> None:
    folder, leg = run.setting.folder, Leg(run.iteration, source_commit(), run.recipe)
    begin_leg(folder, leg, learned)
    with (run.setting.folder / "recipe.txt").open("a", encoding="utf-8") as file:
        file.write(f"{leg.commit} from iteration {run.iteration}: {run.recipe}\n")
