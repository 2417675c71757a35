"""The command ``report``."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.measuring import picture_set
from training.cli.options import DATA, KEPT, RUNS, Data, Kept, Runs, Workers
from training.data.pictures import list_images
from training.evaluate.metrics import chosen
from training.report.page import Plan, measure, write
from training.report.pictures import parse_crop
from training.report.subject import read_curve
from training.run.networks import open_networks
from training.run.places import Places
from training.run.run_data import CENTERS, MONITOR


def report(
    networks: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Folders of runs, recipes, ONNX files.")
    ],
    out: Annotated[Path, typer.Option("-o", help="Folder for the page and its pictures.")],
    pictures: Annotated[
        str,
        typer.Option(
            "--set",
            help="Folder of HR pictures, or a set in eval/ of the data. Default: Set5; without"
            " it, the validation pictures of the first run.",
        ),
    ] = "",
    metrics: Annotated[
        str, typer.Option(help="Metrics of the table, separated by commas; psnr comes first.")
    ] = "psnr,ssim",
    shown: Annotated[int, typer.Option(min=1, help="Number of pictures that are drawn.")] = 5,
    crop: Annotated[
        str,
        typer.Option(
            help="Part that is zoomed, in HR pixels: LEFT,TOP,SIDE, or SIDE in the middle."
        ),
    ] = "64",
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    workers: Workers = 2,
) -> None:
    """Write a page about runs: curves, LR | SR | HR with zoomed crops, histograms, figures."""
    places = Places(data, runs, kept)
    opened = open_networks(networks, places)
    name, paths = measured_set(pictures, networks[0], places)
    names = dict.fromkeys(("psnr", *(each.strip() for each in metrics.split(","))))
    plan = Plan(paths, name, chosen(names), shown, parse_crop(crop), workers)
    curves = [read_curve(text, places) for text in networks]
    subjects = [measure(*each, plan) for each in zip(opened, curves, strict=True)]
    typer.echo(write(subjects, plan, out))


def measured_set(text: str, first: str, places: Places) -> tuple[str, list[Path]]:
    """Name and pictures of the set ``text``; if that is empty, of the default.

    Raises:
        UsageError: the set does not exist.
        FileNotFoundError: it contains no picture.
    """
    if text or (places.data / MONITOR).is_dir():
        return picture_set(text or MONITOR.name, places.data)
    for folder in (Path(first) / CENTERS, places.runs / first / CENTERS):
        if folder.is_dir():
            return f"the validation pictures of {Path(first).name}", list_images([folder])
    return picture_set(MONITOR.name, places.data)
