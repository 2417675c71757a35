"""The commands that measure networks: ``evaluate``, ``metrics`` and ``fit-niqe``."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sr_batch.core.errors import UsageError
from training.cli.options import DATA, FEATURES, KEPT, RUNS, Data, Kept, Runs, Workers
from training.data.pictures import list_images, read_rgb, to_color
from training.evaluate import measured_table, niqe
from training.evaluate.measured import SetResult, measure_pictures
from training.evaluate.metrics import Metric, chosen
from training.evaluate.perceptual import perceptual_distance
from training.evaluate.protocol import SETS, Channel, Protocol
from training.recipes.recipe import Kind
from training.run.networks import Opened, open_networks
from training.run.places import Places

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Folder of HR pictures, or a set in eval/ of the data. Default: all three."
    ),
]
Degradation = Annotated[
    Kind | None,
    typer.Option(help="How LR is made. Default: as the recipe was trained; bicubic for a file."),
]
Sigma = Annotated[
    str, typer.Option(help="Sigma of `--degradation blur`: 1.6, or a range such as 0.5,2.")
]


def evaluate(
    networks: Annotated[
        list[str], typer.Argument(help="Exported ONNX files, recipes, folders of runs.")
    ],
    sets: Sets = None,
    metrics: Annotated[
        str, typer.Option(help="Metrics, separated by commas. `metrics` lists all.")
    ] = "psnr,ssim",
    degradation: Degradation = None,
    sigma: Sigma = "",
    channel: Annotated[Channel, typer.Option(help="Studio-range Y, full-range Y, or RGB.")] = "y",
    border: Annotated[
        int | None, typer.Option(min=0, help="HR pixels left out on each side. Default: the scale.")
    ] = None,
    pooled: Annotated[
        bool, typer.Option("--pooled", help="PSNR of the error over all pictures of a set.")
    ] = False,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Print a row for every picture, too.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="File for the figures of every picture.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="PNG for the gain over bicubic of every picture.")
    ] = None,
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    workers: Workers = 2,
    perceptual: Annotated[
        bool,
        typer.Option(help="Also print the perceptual distance on data/valid (lower is better)."),
    ] = False,
) -> None:
    """Measure networks on the standard sets or on your own pictures: PSNR-Y, SSIM and others."""
    wanted = chosen(name.strip() for name in metrics.split(","))
    opened = open_networks(networks, Places(data, runs, kept))
    results = []
    for each in opened:
        protocol = replace(each.protocol, channel=channel, border=border, pooled=pooled)
        protocol = _degraded_by(protocol, degradation, sigma)
        if not degradation and (note := other_lr(each)):
            typer.echo(note, err=True)
        results += [
            _on_set(each, name, protocol, wanted, data, workers) for name in sets or protocol.sets
        ]
    typer.echo(measured_table.table(results, pictures), nl=False)
    if csv:
        measured_table.write_csv(results, csv)
    if plot:
        measured_table.draw_plot(results, plot)
    if perceptual:
        _print_distances(networks, data)


def list_metrics() -> None:
    """List the metrics of `evaluate`: direction, range, channel and source."""
    typer.echo(measured_table.metrics_table(), nl=False)


def fit_niqe(
    photographs: Annotated[list[Path], typer.Argument(help="Folders of pristine photographs.")],
    out: Annotated[Path, typer.Option("-o", help="File for the model.")] = niqe.MODEL,
) -> None:
    """Fit the model of NIQE to photographs without noise, blur and blocks."""
    paths = list_images(photographs)
    niqe.save(niqe.fit(to_color(read_rgb(path), "y")[..., 0] for path in paths), out)
    typer.echo(f"{out}: {len(paths)} photographs")


def other_lr(opened: Opened) -> str:
    """A note if the contract of an exported file was measured on other LR; else empty."""
    claimed = opened.session.spec.protocol
    if not claimed or claimed == opened.protocol.text():
        return ""
    return (
        f"note: {opened.name}: the figures of its contract were measured in another way "
        f"({claimed}); --degradation chooses how LR is made"
    )


def _degraded_by(protocol: Protocol, degradation: Kind | None, sigma: str) -> Protocol:
    if degradation:
        protocol = replace(protocol, degradation=degradation)
    if not sigma:
        return protocol
    if protocol.degradation != "blur":
        raise UsageError("--sigma: only blurred LR has a sigma; add --degradation blur")
    try:
        ends = [float(part) for part in sigma.split(",")]
    except ValueError:
        ends = []
    if len(ends) not in (1, 2) or not 0 < ends[0] <= ends[-1] <= 10:
        raise UsageError(
            f"--sigma {sigma}: give a number above 0, or two such as 0.5,2; at most 10"
        )
    return replace(protocol, sigma=(ends[0], ends[-1]))


def picture_set(text: str, data: Path) -> tuple[str, list[Path]]:
    """Name and pictures of a set in ``eval/`` of the data, or of a folder.

    Raises:
        UsageError: there is neither.
        FileNotFoundError: it contains no picture.
    """
    standard = data / "eval" / text
    folder = standard if standard.is_dir() or text in SETS else Path(text)
    if not folder.is_dir():
        raise UsageError(
            f"--set {text}: neither a folder nor a set in {data / 'eval'}; name a folder of your"
            " own pictures, or the folder of the image sets with --data"
        )
    return folder.resolve().name, list_images([folder], advice="")


def _on_set(
    opened: Opened,
    text: str,
    protocol: Protocol,
    metrics: Mapping[str, Metric],
    data: Path,
    workers: int,
) -> SetResult:
    name, paths = picture_set(text, data)
    measured = measure_pictures(paths, opened.session, metrics, protocol, workers)
    return SetResult(opened.name, opened.session.spec.scale, name, protocol, measured)


def _print_distances(networks: list[str], data: Path) -> None:
    photographs = list_images([data / "valid"])
    for path in map(Path, networks):
        if path.suffix != ".onnx":
            raise UsageError(f"{path}: --perceptual measures exported files only")
        distance = perceptual_distance(path, photographs, data / FEATURES)
        typer.echo(f"{path.stem:15} perceptual {distance:.4f}")
