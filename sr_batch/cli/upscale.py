"""``sr-batch upscale``: options -> plan -> engine -> report."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from sr_batch.cli.chosen import upscale_options
from sr_batch.cli.parameters import (
    AsJson,
    ColorLock,
    Config,
    Device,
    Dry,
    Ensemble,
    Exclude,
    Height,
    Include,
    InMode,
    InPrecision,
    Inputs,
    InSteps,
    Isolate,
    Jobs,
    LongEdge,
    MaxPixels,
    Megapixels,
    MetadataKept,
    ModelName,
    NameTemplate,
    OnExisting,
    OnlyIfSmaller,
    Output,
    OutputFormat,
    PngEffort,
    Quality,
    Quiet,
    Record,
    Recursive,
    Scale,
    ShortEdge,
    Tile,
    TileOverlap,
    Verbose,
    Verify,
    Width,
)
from sr_batch.cli.signals import Stop, stop_on_signals
from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import JobResult, exit_code

if TYPE_CHECKING:
    from sr_batch.batch.loading import Loader
    from sr_batch.batch.planning import Plan
    from sr_batch.cli.report import Report
    from sr_batch.upscaling.upscaler import Upscaler

DEFAULTS = UpscaleOptions()


@dataclass(frozen=True)
class Show:
    """What is shown of a run: to machines, and of their steps, how much to people; is it dry."""

    as_json: bool
    progress: bool
    volume: int
    dry: bool


def upscale(
    context: typer.Context,
    inputs: Inputs,
    output: Output = None,
    model: ModelName = DEFAULTS.model,
    scale: Scale = DEFAULTS.scale,
    width: Width = DEFAULTS.width,
    height: Height = DEFAULTS.height,
    long_edge: LongEdge = DEFAULTS.long_edge,
    short_edge: ShortEdge = DEFAULTS.short_edge,
    megapixels: Megapixels = DEFAULTS.megapixels,
    only_if_smaller: OnlyIfSmaller = DEFAULTS.only_if_smaller,
    mode: InMode = DEFAULTS.mode,
    tile: Tile = "auto",
    overlap: TileOverlap = str(DEFAULTS.overlap),
    device: Device = DEFAULTS.device,
    precision: InPrecision = DEFAULTS.precision,
    self_ensemble: Ensemble = DEFAULTS.self_ensemble,
    color_lock: ColorLock = DEFAULTS.color_lock,
    output_format: OutputFormat = DEFAULTS.format,
    quality: Quality = DEFAULTS.quality,
    png_effort: PngEffort = DEFAULTS.png_effort,
    metadata: MetadataKept = DEFAULTS.metadata,
    max_pixels: MaxPixels = DEFAULTS.max_pixels,
    name: NameTemplate = DEFAULTS.name,
    include: Include = None,
    exclude: Exclude = None,
    existing: OnExisting = DEFAULTS.existing,
    record: Record = DEFAULTS.record,
    verify: Verify = DEFAULTS.verify,
    isolate: Isolate = DEFAULTS.isolate,
    jobs: Jobs = DEFAULTS.jobs,
    recursive: Recursive = DEFAULTS.recursive,
    dry: Dry = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    config: Config = None,
    as_json: AsJson = False,
    progress: InSteps = False,
) -> None:
    """Enlarge photographs.

    An input is never overwritten, and what is done already is skipped: the same command
    continues an interrupted run.

    \b
    Exit codes:
      0    all done
      1    stopped by an error, such as a full disk
      2    wrong command line
      3    some inputs failed, the others are done
      4    the device asked for cannot be had
      130  interrupted (143 by SIGTERM)
    """  # noqa: D301 - backspace: the list keeps its lines
    options = upscale_options(context.params)
    volume = int(verbose) - int(quiet)
    raise typer.Exit(_run(inputs, output, options, Show(as_json, progress, volume, dry)))


def _run(inputs: list[str], output: str | None, options: UpscaleOptions, show: Show) -> int:
    # Imported here, not above: they load the inference and image libraries, --help does not.
    from sr_batch.batch.decoder_pool import loader
    from sr_batch.batch.disk_space import shortages
    from sr_batch.batch.planning import plan_jobs
    from sr_batch.cli.report import Report
    from sr_batch.upscaling.upscaler import Upscaler

    stop = Stop()
    with (
        Report(show.as_json, show.volume, show.progress) as report,
        Upscaler(options, report.say) as upscaler,
        loader(options.isolate, stop.event) as load,
    ):
        plan = plan_jobs(inputs, output, options, upscaler.model, report.say, load)
        _check_standard_output(plan, show.as_json)
        for line in shortages(plan.jobs):
            report.say(line, "note: ")
        report.begin(plan)
        with stop_on_signals(stop):
            code = _work(plan, upscaler, options, report, stop, load, show.dry)
        report.finish(code)
    return code


def _work(
    plan: Plan,
    upscaler: Upscaler,
    options: UpscaleOptions,
    report: Report,
    stop: Stop,
    load: Loader,
    dry: bool,
) -> int:
    """Run the plan and show its results; the exit code."""
    from sr_batch.batch import engine

    results: list[JobResult] = []
    try:
        run = engine.run(
            plan, upscaler, options, report.progress, stop.event, load, report.say, dry
        )
        for result in run:
            results.append(result)
            report.add(result)
    except SrBatchError as error:
        report.stopped(str(error))
        return error.exit_code
    return stop.exit_code or exit_code(results)


def _check_standard_output(plan: Plan, as_json: bool) -> None:
    from sr_batch.files.reading import PIPE

    if not any(job.target == PIPE for job in plan.jobs):
        return
    if as_json:
        raise UsageError("--json and -o - both write to standard output: give a file with -o")
    if sys.stdout.isatty():
        raise UsageError(
            "an image would be written to the terminal: give a file with -o, or a pipe"
        )
