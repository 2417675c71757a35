"""``sr-batch models``: lists the installed models and shows their metadata."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sr_batch.cli.models_add import add_models, known, measurements, remove_models
from sr_batch.cli.parameters import model_names

if TYPE_CHECKING:
    from sr_batch.core.model_spec import ModelSpec
    from sr_batch.inference.model_catalog import ModelFile

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)

COLUMNS = ("NAME", "SCALE", "COLOR", "PRECISION", "SIZE", "SET5 PSNR-Y", "LICENCE")

app.command("add")(add_models)
app.command("remove")(remove_models)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per file.")]


@app.callback()
def models(context: typer.Context) -> None:
    """Show the installed models. Without a command: list them."""
    if context.invoked_subcommand is None:
        list_models()


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models, one line per file."""
    from sr_batch.inference.model_catalog import all_models

    found = [(model, _spec(model)) for model in all_models()]
    if as_json:
        for model, spec in found:
            typer.echo(json.dumps(_record(model, spec)))
    else:
        for line in table([COLUMNS, *(_row(model, spec) for model, spec in found)]):
            typer.echo(line)


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
) -> None:
    """Show the metadata and model card of each file of a model."""
    from sr_batch.inference.model_catalog import files_of

    for model in files_of(known(name)):
        for key, value in (_record(model, _spec(model)) | measurements(model.path)).items():
            typer.echo(f"{key:<16}{_text(value)}")
        typer.echo()


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of text, with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(model: ModelFile, spec: ModelSpec) -> tuple[str, ...]:
    psnr, _ = spec.scores.get("Set5", (None, None))
    return (
        spec.name,
        f"x{spec.scale}",
        spec.color,
        spec.precision,
        f"{model.path.stat().st_size / 2**20:.1f} MiB",
        "-" if psnr is None else f"{psnr:.2f} dB",
        spec.licence,
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
    return "-" if value is None or value == {} else str(value)


def _spec(model: ModelFile) -> ModelSpec:
    from sr_batch.inference.onnx_session import read_spec

    return read_spec(model.path)
