"""The command that makes LR pictures: degrade."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from PIL import Image

from training.cli.options import Out, Scale, Seed
from training.data.degrade import degraded
from training.data.output_files import degraded_files
from training.data.pictures import read_rgb
from training.recipes.recipe import Kind


def degrade(
    photographs: Annotated[list[Path], typer.Argument(help="Folders with HR pictures.")],
    out: Out,
    kind: Annotated[Kind, typer.Option(help="Degradation.")] = "blind",
    scale: Scale = 4,
    seed: Seed = 1,
) -> None:
    """Make LR pictures from HR pictures as training does, to look at or to test a network on."""
    out.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(seed)
    for path, made in degraded_files(photographs, out).items():
        made.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(degraded(read_rgb(path), kind, scale, generator)).save(made)
    typer.echo(out)
