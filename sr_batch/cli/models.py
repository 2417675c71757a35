"""``sr-batch models``: lists the installed models, and says what each is for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sr_batch.cli import compare
from sr_batch.cli.model_text import card_of, description, file_rows, table, terms
from sr_batch.cli.models_add import add_models, known, measurements, remove_models
from sr_batch.cli.models_quantize import quantize_models
from sr_batch.cli.parameters import model_names
from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import one_line

if TYPE_CHECKING:
    from sr_batch.cli.model_text import Family
    from sr_batch.core.model_spec import ModelSpec
    from sr_batch.inference.model_card import ModelCard
    from sr_batch.inference.model_catalog import ModelFile

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)

COLUMNS = ("NAME", "FOR", "SCALES", "SPEED", "PRECISIONS", "LICENCE")
_PRECISIONS = ("fp32", "fp16", "int8")

app.command("add")(add_models)
app.command("remove")(remove_models)
app.command("quantize")(quantize_models)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per file.")]


@app.callback()
def models(context: typer.Context) -> None:
    """Show the installed models. Without a command: list them."""
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models, one line for each."""
    from sr_batch.inference.model_catalog import all_models

    found = [(model, _spec(model)) for model in all_models()]
    if as_json:
        for model, spec in found:
            typer.echo(json.dumps(_record(model, spec)))
        return
    families = [list(files) for _, files in groupby(found, lambda each: each[0].name)]
    described = [(card_of([model for model, _ in family]), family) for family in families]
    described.sort(key=lambda each: each[0].is_for_comparison)
    for line in table([COLUMNS, *(_row(card, family) for card, family in described)]):
        typer.echo(line)
    typer.echo(
        f"The default is {UpscaleOptions.model}. Strengths, limits and a picture of each:"
        " sr-batch models show NAME"
    )


@app.command("show")
def show_model(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="A model, as for upscale --model.",
            autocompletion=model_names,
        ),
    ],
    photograph: Annotated[
        Path | None,
        typer.Option(
            "--on",
            metavar="PHOTO",
            help="Also write a sheet: the most detailed part of your photograph, by bicubic and by"
            " the model.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="SHEET.png",
            help="The sheet; otherwise PHOTO_compare.png beside the photograph.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show all that each file states.")
    ] = False,
) -> None:
    """Show what a model is good for, its limits and its files."""
    from sr_batch.inference.model_catalog import files_of

    if output and not photograph:
        raise UsageError(f"-o {output}: give the photograph for the sheet, too: --on PHOTO")
    named = known(name)
    files = files_of(named)
    found = [(model, _spec(model)) for model in files]
    for line in description(files):
        typer.echo(line)
    for model, spec in found if verbose else ():
        typer.echo()
        _echo({**_record(model, spec), **measurements(model.path)})
    if not verbose:
        _show_files(found)
    if photograph:
        typer.echo()
        compare.show(photograph, named, max(each.scale for each in files), output)


def _show_files(family: Family) -> None:
    """A row for each file, what was measured of those that the user added, and the terms."""
    typer.echo()
    for line in table(file_rows(family)):
        typer.echo(line)
    for model, _ in family:
        if measured := measurements(model.path):
            measured.pop("source_sha256", None)  # for programs
            typer.echo()
            _echo({"measured of": model.path.name, **measured})
    typer.echo()
    for line in terms(family):
        typer.echo(line)
    typer.echo(f"All that the files state: sr-batch models show {one_line(family[0][0].name)} -v")


def _echo(facts: Mapping[str, object]) -> None:
    for key, value in facts.items():
        typer.echo(f"{key:<16}{_text(value)}")


def _row(card: ModelCard, family: Family) -> tuple[str, ...]:
    from sr_batch.inference.user_models import is_added

    scales = sorted({model.scale for model, _ in family})
    precisions = {model.precision for model, _ in family}
    return (
        family[0][0].name,
        card.purpose or ("added by you" if is_added(family[0][0].path) else "-"),
        " ".join(f"x{scale}" for scale in scales),
        card.speed or "-",
        " ".join(each for each in _PRECISIONS if each in precisions),
        ", ".join(dict.fromkeys(spec.licence for _, spec in family)),
    )


def _record(model: ModelFile, spec: ModelSpec) -> dict[str, Any]:
    card = model.path.with_suffix(".md")
    return {
        **asdict(spec),
        "path": str(model.path),
        "card": str(card) if card.is_file() else None,
        "bytes": model.path.stat().st_size,
    }


def _text(value: object) -> str:
    if isinstance(value, dict) and value:  # the scores
        return ", ".join(
            f"{name} {psnr:.2f} dB / {ssim:.4f}" for name, (psnr, ssim) in value.items()
        )
    return "-" if value is None or value == {} else one_line(str(value))


def _spec(model: ModelFile) -> ModelSpec:
    from sr_batch.core.model_spec import from_metadata
    from sr_batch.inference.onnx_metadata import read_metadata
    from sr_batch.inference.onnx_session import read_spec

    try:
        return from_metadata(read_metadata(model.path))
    except ValueError:
        return read_spec(model.path)  # takes long, and says what is wrong with the file
