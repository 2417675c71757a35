"""The commands of ``python -m training``."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import torch
import typer
from PIL import Image

from sr_batch.inference.ncnn import BadNetwork
from sr_batch.records import record_path, save_record
from training import checkpoint
from training import compare as comparison
from training.certify import NotCertified
from training.data import TooSmall, list_images, read_rgb
from training.degrade import lowered
from training.evaluate import bicubic_scores
from training.judge import candidate, judge, table
from training.judge_sheet import draw_sheets
from training.judged import Plan, cases, spread
from training.loop import Diverged
from training.measure import perceptual_distance, score_file
from training.models import BadConfig
from training.recipe import Kind, Recipe, at_each_scale
from training.recipes import RECIPES
from training.record import fits_its_record, record_of
from training.run import Setting
from training.ship import Shipment, ship
from training.start import Busy, Places, carry_out

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Name = Annotated[str, typer.Argument(metavar="RECIPE", help="A name of training/recipes/.")]
Data = Annotated[Path, typer.Option(envvar="SR_BATCH_DATA", help="Folder of the image sets.")]
Runs = Annotated[Path, typer.Option(help="Folder of the run folders.")]
Kept = Annotated[Path, typer.Option(help="Folder of the weights that git keeps.")]
Exported = Annotated[Path, typer.Option(help="Folder of the ONNX files and cards.")]

FEATURES = Path("features/squeezenet_v1.1_notop.h5")  # below the data
RUNS, KEPT, EXPORTED, DATA = (
    Path("runs"),
    Path("training/checkpoints"),
    Path("exported"),
    Path("data"),
)


@app.command()
def train(
    recipe: Name,
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    device: Annotated[
        str, typer.Option(help="cpu or cuda; default: cuda where there is one.")
    ] = "",
    amp: Annotated[bool | None, typer.Option(help="bf16; default: where it is fast.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Iterations between checkpoints.")] = 500,
) -> None:
    """Train a recipe, or resume it where its run folder stopped."""
    plan = _recipe(recipe)
    if threads:
        torch.set_num_threads(threads)
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    bf16 = has_fast_bf16(place) if amp is None else amp
    monitor = tuple(list_images([data / "eval" / "Set5"]))
    setting = Setting(
        runs / recipe, place, bf16, monitor, every, data / FEATURES, data / "teachers"
    )
    typer.echo(f"{recipe}: {plan}\n{setting}")
    carry_out(plan, setting, Places(data, runs, kept))


@app.command()
def keep(
    recipe: Name,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    state: Annotated[
        bool, typer.Option("--state", help="Also what the run needs to go on elsewhere.")
    ] = False,
) -> None:
    """Copy a run's weights (half precision) and curve to where git keeps them."""
    _recipe(recipe)
    typer.echo(checkpoint.keep(recipe, runs, kept))
    if state:
        typer.echo(checkpoint.keep_state(recipe, runs, kept))


@app.command()
def export(
    recipe: Name,
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    exported: Exported = EXPORTED,
    workers: Annotated[int, typer.Option(min=1, help="Images measured at a time.")] = 2,
) -> None:
    """Rewrite, export, certify and measure a trained recipe, and write its card."""
    plan = _recipe(recipe)
    weights = dict(checkpoint.load_weights(recipe, runs, kept))
    learnt = recipe if plan.iterations or not plan.init else plan.init
    metrics = runs / learnt / "metrics.csv"
    metrics = metrics if metrics.exists() else kept / f"{learnt}.csv"
    place = Shipment(data, exported, workers)
    for at_scale in at_each_scale(plan):
        for stem, spec in ship(at_scale, weights, metrics, place).items():
            typer.echo(f"{stem}: overlap {spec.overlap}, {dict(spec.scores)}")


@app.command("record")
def record_outputs(runs: Runs = RUNS, kept: Kept = KEPT, exported: Exported = EXPORTED) -> None:
    """Record what the trained networks give, where an exported file has no record that fits it.

    `export` does so by itself; this is for files from before, and for a record that was lost.
    """
    for path in sorted(exported.glob("*.onnx")):
        if record_path(path) == path.with_suffix(".npz") and not fits_its_record(path):
            name, record = record_of(path, runs, kept)
            save_record(record_path(path), record)
            typer.echo(f"{record_path(path)}: {name}")


@app.command()
def evaluate(
    models: Annotated[list[Path], typer.Argument(help="Exported ONNX files.")],
    data: Data = DATA,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    perceptual: Annotated[
        bool, typer.Option(help="Also print the perceptual distance on data/valid; less is better.")
    ] = False,
) -> None:
    """Print PSNR-Y/SSIM of exported files on every standard set."""
    for path in models:
        for name, (psnr, ssim) in score_file(path, data, workers).items():
            typer.echo(f"{path.stem:15} {name:7} {psnr:.3f} {ssim:.4f}")
        if perceptual:
            photographs = list_images([data / "valid"])
            distance = perceptual_distance(path, photographs, data / FEATURES)
            typer.echo(f"{path.stem:15} perceptual {distance:.4f}")


@app.command("judge")
def judge_networks(
    networks: Annotated[
        list[str], typer.Argument(help="bicubic, exported files, teachers' .param files, recipes.")
    ],
    out: Annotated[Path, typer.Option("-o", help="Folder of the sheets.")],
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    count: Annotated[int, typer.Option(min=1, help="Pictures of data/valid.")] = 12,
    scale: Annotated[int, typer.Option(min=2, max=4, help="Of the networks.")] = 4,
    seed: Annotated[int, typer.Option(help="Of places and noise.")] = 1,
) -> None:
    """Judge networks for photographs on degraded pictures and camera pixels, and draw sheets."""
    candidates = [candidate(text, scale, Places(data, runs, kept)) for text in networks]
    originals = spread(list_images([data / "valid"]), count)
    pictures = cases(originals, list_images([data / "photos"]), Plan(scale, seed=seed))
    verdicts = list(judge(candidates, pictures, data / FEATURES))
    typer.echo(table(verdicts), nl=False)
    for path in draw_sheets(verdicts, out):
        typer.echo(path)


@app.command()
def bicubic(data: Data = DATA) -> None:
    """Print the bicubic PSNR-Y/SSIM of every set and scale: proves data and protocol."""
    for scale in (2, 3, 4):
        for name, score in bicubic_scores(data, scale).items():
            typer.echo(f"{name:7} x{scale} {score.psnr:.3f} {score.ssim:.4f}")


@app.command()
def degrade(
    photographs: Annotated[list[Path], typer.Argument(help="HR folders.")],
    out: Annotated[Path, typer.Option("-o", help="Folder of the LR PNGs.")],
    kind: Annotated[Kind, typer.Option(help="How.")] = "blind",
    scale: Annotated[int, typer.Option(min=2, max=4, help="Of which network they are for.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the random numbers.")] = 1,
) -> None:
    """Make LR pictures of HR ones as training does: to look at, or to judge a network by."""
    out.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    for path in list_images(photographs):
        lr = lowered(read_rgb(path), kind, scale, generator)
        Image.fromarray(lr).save(out / f"{path.stem}.png")
    typer.echo(out)


@app.command()
def compare(
    data: Data = DATA, exported: Exported = EXPORTED, readme: Path = Path("README.md")
) -> None:
    """Write the tables of all exported networks into the README."""
    files = sorted(exported.glob("*.onnx"))
    bicubic = {scale: bicubic_scores(data, scale) for scale in (2, 3, 4)}
    text = comparison.tables(files, bicubic, comparison.relative_times(files))
    readme.write_text(
        comparison.put_into(readme.read_text(encoding="utf-8"), text), encoding="utf-8"
    )
    typer.echo(text, nl=False)


def main() -> None:
    """Run a command; what a user can mend is said in one line, exit 2."""
    try:
        app()
    except (FileNotFoundError, BadConfig, BadNetwork, Busy, TooSmall) as error:
        _leave(error, 2)
    except (Diverged, NotCertified) as error:
        _leave(error, 1)


def _leave(error: Exception, code: int) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(code) from error


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 autocast pays: on CUDA, and on a CPU only with AVX512-BF16 or AMX."""
    return device.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise typer.BadParameter(f"{name}: the recipes are {', '.join(RECIPES)}")
    return RECIPES[name]
