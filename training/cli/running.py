"""Commands that run recipes: train, keep."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import torch
import typer

from training.cli.options import (
    DATA,
    FEATURES,
    KEPT,
    RUNS,
    Amp,
    Data,
    Device,
    Every,
    Kept,
    Name,
    Runs,
    Threads,
)
from training.cli.recipes import planned
from training.models import BadConfig
from training.recipes.describe import plan_lines
from training.recipes.fields import with_settings
from training.recipes.recipe import Recipe, differences, settled_as
from training.recipes.sound import require_sound
from training.run import checkpoint
from training.run.forecast import forecast
from training.run.notify import Notifier
from training.run.places import Places
from training.run.record import find_record
from training.run.run_data import run_data
from training.run.setting import EVERY, Setting
from training.run.start import carry_out, settled
from training.run.team import ALONE, joined, own_device
from training.run.wandb_sync import synced


def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE|FILE.toml", help="A recipe, a run, or a TOML file.")
    ],
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    name: Annotated[
        str, typer.Option(help="Name of the run. Default: that of the recipe or file.")
    ] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field. Repeatable."),
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Length of the run, as --set iterations=N.")
    ] = None,
    init: Annotated[
        str, typer.Option(help="Start from this recipe, run or .pth file; none: from new weights.")
    ] = "",
    device: Device = "",
    amp: Amp = None,
    threads: Threads = None,
    every: Every = None,
    notify: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Tell this Apprise URL how the run ends. Repeatable."),
    ] = None,
    notify_sheet: Annotated[
        bool, typer.Option("--notify-sheet", help="Send the contact sheet with that message.")
    ] = False,
    wandb: Annotated[
        str, typer.Option(metavar="PROJECT", help="Also send the curves to Weights & Biases.")
    ] = "",
    compiled: Annotated[
        bool, typer.Option("--compile", help="Compile the network: slower to start, then faster.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what the run would cost, and train nothing.")
    ] = False,
) -> None:
    """Train a recipe, or resume its run from the last checkpoint.

    Ctrl-C saves a checkpoint and ends the run. The same command resumes it exactly. Several GPUs of
    one machine share each batch: torchrun --nproc-per-node 2 -m training train RECIPE
    """
    notifier = Notifier(notify or [], notify_sheet)
    run_name, plan = planned(recipe, name, runs, kept)
    plan = _changed(plan, settings or [], iterations, init)
    if threads:
        torch.set_num_threads(threads)
    chosen = own_device(chosen_device(device))
    bf16 = has_fast_bf16(chosen) if amp is None else amp
    setting = Setting(
        folder=runs / run_name,
        device=chosen,
        amp=bf16,
        monitor=(),
        every=every or 0,
        features=data / FEATURES,
        teachers=data / "teachers",
        compiler="inductor" if compiled else "",
    )
    places = Places(data, runs, kept)
    with joined() as team:
        setting = replace(setting, team=team)
        for line in (f"{run_name}:", *plan_lines(plan), *_circumstances(setting, plan)):
            typer.echo(line)
        if dry_run:
            for line in _forecast(plan, setting, data) if team.leads else ():
                typer.echo(line)
            return
        with _watched(notifier, wandb, setting.folder, plan) if team.leads else nullcontext():
            carry_out(plan, setting, places)


def _forecast(plan: Recipe, setting: Setting, data: Path) -> Iterator[str]:
    """What the run would cost. Files that it needs are written to a temporary folder."""
    pictures = run_data(plan, data)
    with TemporaryDirectory() as folder:
        setting = replace(setting, folder=Path(folder), team=ALONE)
        yield from forecast(*settled(plan, setting, pictures, data)).lines()


@contextmanager
def _watched(notifier: Notifier, wandb: str, folder: Path, plan: Recipe) -> Iterator[None]:
    """Send the curves of the training in the block to ``wandb``, and tell how it ends."""
    try:
        with synced(wandb, folder, plan):
            yield
    except BaseException as error:
        notifier.failed(folder, error)
        raise
    notifier.ended(folder)


def keep(
    recipe: Name,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    state: Annotated[
        bool, typer.Option("--state", help="Also copy what another checkout needs to resume.")
    ] = False,
) -> None:
    """Copy the weights (in half precision) and the curve of a run to the folder that git keeps."""
    planned(recipe, "", runs, kept)
    typer.echo(checkpoint.keep(recipe, runs, kept))
    if state:
        typer.echo(checkpoint.keep_state(recipe, runs, kept))


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 is faster than fp32: on CUDA, and on CPUs with AVX512-BF16 or AMX."""
    return device.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())


def _changed(plan: Recipe, settings: list[str], iterations: int | None, init: str) -> Recipe:
    plan = with_settings(plan, settings)
    if init:
        plan = replace(plan, init=None if init == "none" else init)
    if iterations:
        plan = with_settings(replace(plan, epochs=0), [f"iterations={iterations}"])
    require_sound(plan)
    return plan


def chosen_device(name: str) -> torch.device:
    """The device ``name``; if that is empty, CUDA if there is a GPU, else the CPU.

    Raises:
        BadConfig: torch cannot use it.
    """
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError:
        raise BadConfig(f"--device {name}: no such device; use cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise BadConfig(f"--device {name}: this machine has no GPU that torch can use; use cpu")
    return device


def _circumstances(setting: Setting, plan: Recipe) -> list[str]:
    """Where the run happens, and what is already there."""
    precision = "bf16" if setting.amp else "fp32"
    count = torch.get_num_threads()
    threads = "" if setting.device.type == "cuda" else f", {count} thread{'s' * (count > 1)}"
    together = f", {setting.team.size} processes" if setting.team.size > 1 else ""
    if setting.every:
        interval = f"{setting.every} iterations"
    else:
        interval = "epoch" if plan.epochs else f"{EVERY} iterations"
    lines = [
        f"  {'device':12} {setting.device}{threads}, {precision}{together}",
        f"  {'folder':12} {setting.folder}, a checkpoint every {interval}",
    ]
    record = find_record(setting.folder.name, setting.folder.parent, Path())
    if record and record.iterations:
        pairs = differences(settled_as(record.recipe, plan), plan).items()
        changes = ", ".join(f"{name} {was} -> {now}" for name, (was, now) in pairs)
        note = f"; changed since then: {changes}" if changes else ""
        lines.append(f"  {'resumes':12} at iteration {record.iterations:,}{note}")
    return lines
