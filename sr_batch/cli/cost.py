"""``sr-batch cost``: what a million photographs take, in hours, requests and bytes."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sr_batch.cli.console import has_terminal, say
from sr_batch.cli.cost_options import CostOptions
from sr_batch.cli.parameters import from_values
from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.target_size import DEFAULT_SCALE
from sr_batch.stores.location import require_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sr_batch.bench.cost import Amounts, Prices, Work
    from sr_batch.bench.cost_sample import Sample
    from sr_batch.bench.cost_table import Row
    from sr_batch.inference.model_catalog import ModelFile

_USUAL_MEGAPIXELS = 12.0

Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PHOTOS]...",
        show_default=False,
        help="Files or folders like yours. Without them, sizes of files are assumed.",
    ),
]


def cost(inputs: Inputs = None, **values: Any) -> None:
    """Estimate the hours, requests and bytes of a million photographs.

    It enlarges parts of some of your photographs by each model on this machine. With prices, it
    also prints what that costs; sr-batch knows no prices itself. Nothing is written.

    \b
    Exit codes:
      0  the costs were printed
      2  wrong command line
      4  device not available
    """  # noqa: D301 - backspace: the list keeps its lines
    command = from_values(CostOptions, values)
    values.pop("megapixels")  # of inputs here, and of outputs in the options of `upscale`
    options = from_values(UpscaleOptions, values)
    if options.scale is not None and options.scale not in (2, 3, 4):
        raise UsageError(f"--scale {options.scale:g}: costs are estimated at 2, 3 or 4")
    if command.mp_per_second and command.models:
        raise UsageError("--mp-per-second and --models cannot be combined: use only one of them")
    sample = _sample(inputs or [], command)
    rows = [_given(sample, command, options)] if command.mp_per_second else []
    rows = rows or [*_measured(sample, command, options)]
    _print(rows, sample, command)


def _sample(inputs: list[str], command: CostOptions) -> Sample:
    from sr_batch.bench.cost_sample import draw_sample, take_sample

    if not inputs:
        return draw_sample(command.megapixels or _USUAL_MEGAPIXELS)
    for each in inputs:
        require_path(each, "sr-batch cost reads files; copy some photographs from there")
    sample = take_sample(inputs, command.sample, say)
    return sample.of_size(command.megapixels * 1e6) if command.megapixels else sample


def _given(sample: Sample, command: CostOptions, options: UpscaleOptions) -> Row:
    from sr_batch.bench.cost_sample import given
    from sr_batch.bench.cost_table import Row

    on_gpu = options.device not in ("auto", "cpu")
    work = given(sample, (command.mp_per_second or 0) * 1e6, on_gpu, _scaled(options))
    return Row("given", "", "", _amounts(work, command))


def _measured(sample: Sample, command: CostOptions, options: UpscaleOptions) -> Iterator[Row]:
    from sr_batch.bench.cost_sample import measure
    from sr_batch.bench.cost_table import Row

    names = [name.strip() for name in command.models.split(",") if name.strip()]
    for model, file in _files(names, _scaled(options)):
        if has_terminal():
            say(f"{model} {file.precision}...")
        chosen = _scaled(options, model=model, precision=file.precision)
        found = measure(sample, chosen, say)
        yield Row(file.name, file.precision, found.provider, _amounts(found.work, command))


def _amounts(work: Work, command: CostOptions) -> Amounts:
    from sr_batch.bench.cost import amounts

    return amounts(work, command.photographs, _run_cores(command), command.shards)


def _run_cores(command: CostOptions) -> int:
    from sr_batch.core.cpu import cores

    return command.run_cores or cores()


def _files(names: list[str], options: UpscaleOptions) -> list[tuple[str, ModelFile]]:
    """What to measure: ``--model`` and the file that it means, in every precision that suits."""
    from sr_batch.bench.comparison import choose_models
    from sr_batch.inference.model_catalog import files_of
    from sr_batch.inference.providers import settle_device

    chosen = choose_models(names, int(options.scale or 0), options.precision)
    found = [(each.model, file) for each in chosen for file in files_of(each.model)]
    fitting = [(model, file) for model, file in found if file.scale == options.scale]
    if options.precision != "auto":
        return [each for each in fitting if each[1].precision == options.precision]
    device = settle_device(options.device, fitting[0][1].path, say)
    return [each for each in fitting if device != "cpu" or each[1].precision != "fp16"]


def _scaled(options: UpscaleOptions, **changes: Any) -> UpscaleOptions:
    return replace(options, scale=options.scale or DEFAULT_SCALE, **changes)


def _print(rows: list[Row], sample: Sample, command: CostOptions) -> None:
    from sr_batch.bench.cost_table import assumptions, record, table
    from sr_batch.cli.model_text import table as aligned

    prices = _prices(command)
    lines = assumptions(rows, sample, command.shards, _run_cores(command), prices)
    if command.as_json:
        about = {
            "photographs": command.photographs,
            "shards": command.shards,
            "run_cores": _run_cores(command),
            "megapixels": round(sample.pixels / 1e6, 3),
            "bytes": round(sample.bytes),
            "prices": asdict(prices),
            "rows": [record(row, prices) for row in rows],
            "assumptions": lines,
        }
        typer.echo(json.dumps(about))
        return
    for line in aligned(table(rows, prices)):
        typer.echo(line)
    typer.echo()
    for line in lines:
        typer.echo(f"- {line}")


def _prices(command: CostOptions) -> Prices:
    from sr_batch.bench.cost import Prices

    return Prices(
        core_hour=command.price_per_core_hour,
        gpu_hour=command.price_per_gpu_hour,
        gets=command.price_per_1000_gets,
        puts=command.price_per_1000_puts,
        gb_stored=command.price_per_gb_month,
        months=command.months,
        gb_read=command.price_per_gb_read,
    )
