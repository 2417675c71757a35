"""Commands that measure networks: judge, choose, bicubic."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.options import (
    DATA,
    FEATURES,
    KEPT,
    RUNS,
    Data,
    Kept,
    Out,
    Runs,
    Scale,
    Seed,
)
from training.data.pictures import list_images
from training.evaluate import choice_judge
from training.evaluate.judge_pictures import Plan, cases, spread
from training.evaluate.judge_sheet import draw_sheets
from training.evaluate.mixed_set import MixedPlan, mixed_set
from training.evaluate.photo_judge import judge, table
from training.evaluate.standard_sets import bicubic_scores
from training.run.candidates import candidate
from training.run.places import Places


def judge_networks(
    networks: Annotated[
        list[str], typer.Argument(help="bicubic, exported files, .param files of ncnn, recipes.")
    ],
    out: Out,
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    count: Annotated[int, typer.Option(min=1, help="Number of pictures of data/valid.")] = 12,
    scale: Scale = 4,
    seed: Seed = 1,
) -> None:
    """Judge networks on degraded and real photographs: a table, and contact sheets."""
    candidates = [candidate(text, scale, Places(data, runs, kept)) for text in networks]
    originals = spread(list_images([data / "valid"]), count)
    pictures = cases(originals, list_images([data / "photos"]), Plan(scale, seed=seed))
    verdicts = list(judge(candidates, pictures, data / FEATURES))
    typer.echo(table(verdicts), nl=False)
    for path in draw_sheets(verdicts, out):
        typer.echo(path)


def judge_choice(
    clean: Annotated[str, typer.Argument(help="Network for clean pictures, as `judge` takes it.")],
    real: Annotated[str, typer.Argument(help="Network for all others.")],
    others: Annotated[list[str] | None, typer.Argument(help="More networks to compare.")] = None,
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    originals: Annotated[
        list[Path] | None,
        typer.Option(help="Folders of the pictures. Default: valid and photos of the data."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Pictures of each of the eight kinds.")] = 40,
    side: Annotated[int, typer.Option(min=32, help="LR pixels a side.")] = 96,
    scale: Scale = 4,
    seed: Seed = 1,
    rows: Annotated[
        Path | None, typer.Option(help="File for the traits and distances of every picture.")
    ] = None,
) -> None:
    """Judge the choice of `--model auto` on a mixed set: mean perceptual distances by kind."""
    places = Places(data, runs, kept)
    first, second, *more = (
        candidate(text, scale, places) for text in (clean, real, *(others or []))
    )
    paths = list_images(originals or [data / "valid", data / "photos"])
    pictures = mixed_set(paths, MixedPlan(scale, count, side, seed))
    found = list(choice_judge.compare(first, second, more, pictures, data / FEATURES))
    typer.echo(choice_judge.table(found), nl=False)
    if rows:
        rows.write_text(choice_judge.listing(found), encoding="utf-8")


def bicubic(data: Data = DATA) -> None:
    """Print PSNR-Y and SSIM of bicubic on every standard set, to check the data."""
    for scale in (2, 3, 4):
        for name, score in bicubic_scores(data, scale).items():
            typer.echo(f"{name:7} x{scale} {score.psnr:.3f} {score.ssim:.4f}")
