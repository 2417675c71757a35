"""Options and arguments that several commands have, each declared once, with its default."""

from pathlib import Path
from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe, or a run in --runs.")]
Data = Annotated[
    Path,
    typer.Option(
        envvar="SR_BATCH_DATA", help="Folder with the pictures: your own, or the image sets."
    ),
]
Runs = Annotated[Path, typer.Option(help="Folder that holds a folder for each run.")]
Kept = Annotated[Path, typer.Option(help="Folder with the weights that git keeps.")]
Exported = Annotated[Path, typer.Option(help="Folder with the ONNX files and cards.")]
Page = Annotated[Path, typer.Option(help="The page with the tables of all networks.")]
Out = Annotated[Path, typer.Option("-o", help="Folder for the pictures.")]
Workers = Annotated[int, typer.Option(min=1, help="Pictures measured at the same time.")]
Scale = Annotated[int, typer.Option(min=2, max=4, help="Scale of the networks.")]
Seed = Annotated[int, typer.Option(help="Seed of the random numbers.")]
Device = Annotated[str, typer.Option(help="cpu or cuda. Default: cuda if there is a GPU.")]
Amp = Annotated[bool | None, typer.Option(help="Train in bf16. Default: where bf16 is fast.")]
Threads = Annotated[int | None, typer.Option(min=1, help="CPU threads. Default: all cores.")]
Every = Annotated[
    int | None,
    typer.Option(min=1, help="Iterations between checkpoints. Default: 500, or an epoch."),
]

FEATURES = Path("features/squeezenet_v1.1_notop.h5")  # below the data
RUNS, KEPT, EXPORTED, DATA, PAGE = (
    Path("runs"),
    Path("training/checkpoints"),
    Path("exported"),
    Path("data"),
    Path("docs/models.md"),
)
