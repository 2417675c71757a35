"""The commands of ``python -m training``."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import torch
import typer
from PIL import Image

from sr_batch.core.errors import ImageError, UsageError
from sr_batch.inference.recorded_outputs import record_path, save_record
from training.cli import measuring, reporting
from training.data.corpus import TooSmall, list_images, read_rgb
from training.data.degrade import degraded
from training.evaluate import choice_judge, tables
from training.evaluate.judge_pictures import Plan, cases, spread
from training.evaluate.judge_sheet import draw_sheets
from training.evaluate.mixed_set import MixedPlan, mixed_set
from training.evaluate.photo_judge import judge, table
from training.evaluate.standard_sets import bicubic_scores
from training.models import BadConfig
from training.recipes import RECIPES
from training.recipes.recipe import Kind, Recipe, at_each_scale
from training.release.certify import NotCertified
from training.release.model_card import describe_again
from training.release.publish import ReleaseSetting, publish
from training.release.record_outputs import fits_its_record, record_of
from training.run import checkpoint
from training.run.candidates import candidate
from training.run.loop import Diverged
from training.run.start import Busy, Places, carry_out
from training.run.trainer import Setting

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Name = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe of training/recipes/.")]
Data = Annotated[Path, typer.Option(envvar="SR_BATCH_DATA", help="Folder with the image sets.")]
Runs = Annotated[Path, typer.Option(help="Folder that holds a folder for each run.")]
Kept = Annotated[Path, typer.Option(help="Folder with the weights that git keeps.")]
Exported = Annotated[Path, typer.Option(help="Folder with the ONNX files and cards.")]
Page = Annotated[Path, typer.Option(help="The page with the tables of all networks.")]

FEATURES = Path("features/squeezenet_v1.1_notop.h5")  # below the data
RUNS, KEPT, EXPORTED, DATA, PAGE = (
    Path("runs"),
    Path("training/checkpoints"),
    Path("exported"),
    Path("data"),
    Path("docs/models.md"),
)

for name, command in measuring.COMMANDS.items():
    app.command(name)(command)
app.command()(reporting.report)


@app.command()
def train(
    recipe: Name,
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    device: Annotated[str, typer.Option(help="cpu or cuda. Default: cuda if there is a GPU.")] = "",
    amp: Annotated[
        bool | None, typer.Option(help="Train in bf16. Default: where bf16 is fast.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads. Default: all cores.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Iterations between checkpoints.")] = 500,
) -> None:
    """Train a recipe, or resume its run from the last checkpoint."""
    plan = _recipe(recipe)
    if threads:
        torch.set_num_threads(threads)
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    bf16 = has_fast_bf16(chosen) if amp is None else amp
    monitor = tuple(list_images([data / "eval" / "Set5"]))
    setting = Setting(
        runs / recipe, chosen, bf16, monitor, every, data / FEATURES, data / "teachers"
    )
    typer.echo(f"{recipe}: {plan}\n{setting}")
    carry_out(plan, setting, Places(data, runs, kept))


@app.command()
def keep(
    recipe: Name,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    state: Annotated[
        bool, typer.Option("--state", help="Also copy what another checkout needs to resume.")
    ] = False,
) -> None:
    """Copy the weights (in half precision) and the curve of a run to the folder that git keeps."""
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
    workers: Annotated[int, typer.Option(min=1, help="Pictures measured at the same time.")] = 2,
) -> None:
    """Export a trained recipe to ONNX, certify and measure the files, and write their cards."""
    plan = _recipe(recipe)
    weights = dict(checkpoint.load_weights(recipe, runs, kept))
    trained = recipe if plan.iterations or not plan.init else plan.init
    metrics = runs / trained / "metrics.csv"
    metrics = metrics if metrics.exists() else kept / f"{trained}.csv"
    setting = ReleaseSetting(data, exported, workers)
    for at_scale in at_each_scale(plan):
        for stem, spec in publish(at_scale, weights, metrics, setting).items():
            typer.echo(f"{stem}: overlap {spec.overlap}, {dict(spec.scores)}")


@app.command()
def describe(exported: Exported = EXPORTED, page: Page = PAGE) -> None:
    """Write what training/models says of the networks into their cards and docs/models.md.

    Use this command after a text was changed. It measures nothing, and figures stay as they are.
    """
    for path in sorted(exported.glob("*.onnx")):
        describe_again(path.with_suffix(".md"))
    text = page.read_text(encoding="utf-8")
    page.write_text(tables.described_again(text, sorted(exported.glob("*.onnx"))), encoding="utf-8")


@app.command("record")
def record_outputs(runs: Runs = RUNS, kept: Kept = KEPT, exported: Exported = EXPORTED) -> None:
    """Record the outputs of trained networks for exported files that lack a valid record.

    `export` does this, too. Use this command for older files and for lost records.
    """
    for path in sorted(exported.glob("*.onnx")):
        if record_path(path) == path.with_suffix(".npz") and not fits_its_record(path):
            name, record = record_of(path, runs, kept)
            save_record(record_path(path), record)
            typer.echo(f"{record_path(path)}: {name}")


@app.command("judge")
def judge_networks(
    networks: Annotated[
        list[str], typer.Argument(help="bicubic, exported files, .param files of ncnn, recipes.")
    ],
    out: Annotated[Path, typer.Option("-o", help="Folder for the contact sheets.")],
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    count: Annotated[int, typer.Option(min=1, help="Number of pictures of data/valid.")] = 12,
    scale: Annotated[int, typer.Option(min=2, max=4, help="Scale of the networks.")] = 4,
    seed: Annotated[int, typer.Option(help="Seed of crops and noise.")] = 1,
) -> None:
    """Judge networks on degraded and real photographs: a table, and contact sheets."""
    candidates = [candidate(text, scale, Places(data, runs, kept)) for text in networks]
    originals = spread(list_images([data / "valid"]), count)
    pictures = cases(originals, list_images([data / "photos"]), Plan(scale, seed=seed))
    verdicts = list(judge(candidates, pictures, data / FEATURES))
    typer.echo(table(verdicts), nl=False)
    for path in draw_sheets(verdicts, out):
        typer.echo(path)


@app.command("choose")
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
    scale: Annotated[int, typer.Option(min=2, max=4, help="Scale of the networks.")] = 4,
    seed: Annotated[int, typer.Option(help="Seed of crops and noise.")] = 1,
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


@app.command()
def bicubic(data: Data = DATA) -> None:
    """Print PSNR-Y and SSIM of bicubic on every standard set, to check the data."""
    for scale in (2, 3, 4):
        for name, score in bicubic_scores(data, scale).items():
            typer.echo(f"{name:7} x{scale} {score.psnr:.3f} {score.ssim:.4f}")


@app.command()
def degrade(
    photographs: Annotated[list[Path], typer.Argument(help="Folders with HR pictures.")],
    out: Annotated[Path, typer.Option("-o", help="Folder for the LR pictures, as PNG.")],
    kind: Annotated[Kind, typer.Option(help="Degradation.")] = "blind",
    scale: Annotated[
        int, typer.Option(min=2, max=4, help="Scale of the networks that the pictures are for.")
    ] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 1,
) -> None:
    """Make LR pictures from HR pictures as training does, to look at or to test a network on."""
    out.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    for path in list_images(photographs):
        lr = degraded(read_rgb(path), kind, scale, generator)
        Image.fromarray(lr).save(out / f"{path.stem}.png")
    typer.echo(out)


@app.command()
def compare(data: Data = DATA, exported: Exported = EXPORTED, page: Page = PAGE) -> None:
    """Write the tables of all exported networks into docs/models.md."""
    files = sorted(exported.glob("*.onnx"))
    bicubic = {scale: bicubic_scores(data, scale) for scale in (2, 3, 4)}
    text = tables.tables(files, bicubic, tables.relative_times(files))
    page.write_text(tables.put_into(page.read_text(encoding="utf-8"), text), encoding="utf-8")
    typer.echo(text, nl=False)


def main() -> None:
    """Run a command. An error that the user can fix is one line and exit code 2."""
    try:
        app()
    except (FileNotFoundError, BadConfig, UsageError, ImageError, Busy, TooSmall) as error:
        _exit(error, 2)
    except (Diverged, NotCertified) as error:
        _exit(error, 1)


def _exit(error: Exception, code: int) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(code) from error


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 is faster than fp32: on CUDA, and on CPUs with AVX512-BF16 or AMX."""
    return device.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise typer.BadParameter(
            f"no recipe is called {name}: the recipes are {', '.join(RECIPES)}"
        )
    return RECIPES[name]
