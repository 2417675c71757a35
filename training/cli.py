"""The commands of ``python -m training``."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from training import checkpoint
from training.data import list_images, load_corpus
from training.evaluate import evaluate_bicubic
from training.loop import Run, Setting
from training.loop import train as train_run
from training.recipes import RECIPES

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

SETS = ("Set5", "Set14", "BSD100")
SHIPPED_FOLDERS = ("train-tight", "train-more")
# BSDS is known as non-commercial; cid_* tiles are cut from the whole pictures of train-more.
LEFT_OUT = {"train-tight": ("bsds_", "cid_"), "train-more": ("bsds_",)}

Data = Annotated[Path, typer.Option(envvar="SR_BATCH_DATA", help="Folder of the image sets.")]
Runs = Annotated[Path, typer.Option(help="Folder of the run folders.")]


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="A name of training/recipes.py.")],
    data: Data = Path("data"),
    runs: Runs = Path("runs"),
    device: str = "cuda" if torch.cuda.is_available() else "cpu",
    amp: Annotated[bool | None, typer.Option(help="bf16; default: where it is fast.")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads.")] = None,
    every: Annotated[int, typer.Option(help="Iterations between checkpoints.")] = 500,
) -> None:
    """Train a recipe, or resume it where its run folder stopped."""
    if threads:
        torch.set_num_threads(threads)
    plan = RECIPES[recipe]
    monitor = tuple(list_images([data / "eval" / "Set5"]))
    fast_bf16 = amp if amp is not None else has_fast_bf16(torch.device(device))
    setting = Setting(runs / recipe, torch.device(device), fast_bf16, monitor, every)
    run = Run(plan, setting)
    if not run.resume() and plan.init:
        run.start_from(checkpoint.load_ema(runs / plan.init))
    paths = [p for f in SHIPPED_FOLDERS for p in list_images([data / f], LEFT_OUT[f])]
    typer.echo(f"{recipe}: {plan}\n{len(paths)} images, {setting}, from iteration {run.iteration}")
    train_run(run, load_corpus(paths, plan.scale, run.config.color))


@app.command()
def bicubic(data: Data = Path("data")) -> None:
    """Print the bicubic PSNR-Y/SSIM of every set and scale: proves data and protocol."""
    for name in SETS:
        for scale in (2, 3, 4):
            score = evaluate_bicubic(data / "eval" / name, scale)
            typer.echo(f"{name:7} x{scale}  {score.psnr:.3f}  {score.ssim:.4f}")


def has_fast_bf16(device: torch.device) -> bool:
    """Whether bf16 autocast pays: any CUDA device we know, a CPU only with AVX512-BF16 or AMX."""
    return device.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())
