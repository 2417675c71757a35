"""The commands ``python -m training data``: check, prepare and fetch pictures."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from training.cli.options import DATA
from training.cli.options import Data as Sets
from training.data import fetch as fetching
from training.data.prepare import Preparation, prepare
from training.data.sources import EVALUATION, Data
from training.data.survey import report, survey
from training.recipes.recipe import Kind

app = typer.Typer(no_args_is_help=True, help="Check, prepare and fetch pictures for training.")

Pictures = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder with HR pictures.")]


@app.command()
def check(folder: Pictures, data: Sets = DATA) -> None:
    """Say what is in a folder: counts, sizes, gray and unreadable pictures, duplicates and leaks.

    A leak is a picture that is also in an evaluation set below --data: a network that was trained
    on it is judged too well. Copies are found if they are resized or compressed, but not if they
    are parts of pictures, or turned. Exit code 1 if there is a leak.
    """
    found = survey(folder, data / EVALUATION)
    for line in report(found):
        typer.echo(line)
    if found.leaks:
        raise typer.Exit(1)


@app.command("prepare")
def prepare_pairs(
    folder: Pictures,
    out: Annotated[Path, typer.Option("-o", help="New folder for train, val and test.")],
    scale: Annotated[int, typer.Option(min=2, max=4, help="HR side / LR side.")] = 2,
    kind: Annotated[Kind, typer.Option(help="How LR is made from HR.")] = "bicubic",
    size: Annotated[
        int, typer.Option(min=0, help="HR pixels a side that every picture gets. 0: its own.")
    ] = 0,
    fit: Annotated[
        Literal["crop", "resize"], typer.Option(help="How a picture gets that size.")
    ] = "crop",
    split: Annotated[
        tuple[float, float],
        typer.Option(help="Training and validation pictures, as shares or numbers; rest: test."),
    ] = (0.9, 0.1),
    order: Annotated[
        Literal["seeded", "index"], typer.Option(help="Shuffled by the seed, or by name.")
    ] = "seeded",
    seed: Annotated[int, typer.Option(help="Seed of the shuffle and of the degradation.")] = 1,
) -> None:
    """Make pairs of HR and LR pictures: OUT/train/high_res, OUT/train/low_res, OUT/val/...

    `python -m training train RECIPE --data OUT` learns from them. All files are PNG.
    """
    data = Data(split=split, order=order, seed=seed, size=size, fit=fit)
    for line in prepare(folder, out, Preparation(data, scale, kind, seed)):
        typer.echo(line)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"{', '.join(fetching.SETS)}.")],
    data: Sets = DATA,
) -> None:
    """Download a public set of pictures, check it, and put it where training finds it.

    Without a network it says which files to put where.
    """
    for line in fetching.fetch(name, data):
        typer.echo(line)
