"""``sr-batch upscale``: options -> plan -> engine -> report."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sr_batch.cli.signals import Stop, stop_on_signals
from sr_batch.cli.values import number, parse_overlap, parse_tile
from sr_batch.errors import SrBatchError, UsageError
from sr_batch.options import (
    COUNT_RANGE,
    QUALITY_RANGE,
    SCALE_RANGE,
    SIDE_RANGE,
    Existing,
    Format,
    Keep,
    Mode,
    UpscaleOptions,
)
from sr_batch.results import JobResult, exit_code

if TYPE_CHECKING:
    from sr_batch.cli.report import Report
    from sr_batch.jobs import Plan
    from sr_batch.upscaler import Upscaler

DEFAULTS = UpscaleOptions()


@dataclass(frozen=True)
class Show:
    """What is shown of a run: to machines, how much to people, and whether of a dry one."""

    as_json: bool
    volume: int
    dry: bool


def _use_defaults(context: typer.Context, file: Path | None) -> Path | None:
    from sr_batch.cli.config import use_defaults

    return use_defaults(context, file)


def upscale(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            show_default=False,
            help="Image files, folders, glob patterns, or - for standard input.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A folder, a file for a single input, or - for standard output. Default: beside "
            "the input, FOLDER_sr for a folder, NAME_xSCALE_MODEL for a file.",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", metavar="NAME|FILE", help="See sr-batch models, or an .onnx file."
        ),
    ] = DEFAULTS.model,
    scale: Annotated[
        float | None,
        typer.Option(
            "--scale",
            "-s",
            metavar="FACTOR",
            parser=number(float, "--scale", SCALE_RANGE),
            show_default=False,
            help=f"Side of the output / side of the input, {SCALE_RANGE}; 2 if nothing is said.",
        ),
    ] = DEFAULTS.scale,
    width: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=number(int, "--width", SIDE_RANGE),
            help="Width of the outputs in pixels; with --height the box they fit into.",
        ),
    ] = DEFAULTS.width,
    height: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=number(int, "--height", SIDE_RANGE),
            help="Height of the outputs in pixels.",
        ),
    ] = DEFAULTS.height,
    long_edge: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=number(int, "--long-edge", SIDE_RANGE),
            help="Longer side of the outputs in pixels.",
        ),
    ] = DEFAULTS.long_edge,
    short_edge: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=number(int, "--short-edge", SIDE_RANGE),
            help="Shorter side of the outputs in pixels.",
        ),
    ] = DEFAULTS.short_edge,
    megapixels: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            parser=number(float, "--megapixels", SIDE_RANGE),
            help="Size of the outputs in millions of pixels.",
        ),
    ] = DEFAULTS.megapixels,
    only_if_smaller: Annotated[
        bool,
        typer.Option("--only-if-smaller", help="Leave alone what is as large already."),
    ] = DEFAULTS.only_if_smaller,
    mode: Annotated[
        Mode,
        typer.Option(help="Run the network on color or on luma alone; auto: what it was made for."),
    ] = DEFAULTS.mode,
    tile: Annotated[
        str,
        typer.Option(
            metavar="auto|N", help="Longest side of a tile in input pixels; 0 never tiles."
        ),
    ] = "auto",
    overlap: Annotated[
        str,
        typer.Option(
            metavar="auto|full|N",
            help="Input pixels of context round a tile; full: equal to no tiles, bit for bit.",
        ),
    ] = str(DEFAULTS.overlap),
    device: Annotated[
        str,
        typer.Option(
            metavar="auto|cpu|cuda", help="Where to run; any but auto fails where it cannot be had."
        ),
    ] = DEFAULTS.device,
    output_format: Annotated[
        Format, typer.Option("--format", "-f", help="Format of the outputs; keep: the input's.")
    ] = DEFAULTS.format,
    quality: Annotated[
        int,
        typer.Option(
            "--quality",
            metavar="N",
            parser=number(int, "--quality", QUALITY_RANGE),
            help=f"Of JPEG and WebP, {QUALITY_RANGE}.",
        ),
    ] = DEFAULTS.quality,
    metadata: Annotated[
        Keep,
        typer.Option(
            help="What becomes of EXIF, XMP, IPTC and sidecar files; profile and resolution stay."
        ),
    ] = DEFAULTS.metadata,
    max_pixels: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=number(int, "--max-pixels", COUNT_RANGE),
            help="Refuse inputs with more pixels than this.",
        ),
    ] = DEFAULTS.max_pixels,
    name: Annotated[
        str,
        typer.Option(
            metavar="TEMPLATE",
            show_default=False,
            help="Names of the outputs below OUT, of {stem} {ext} {reldir} {scale} {model} {width} "
            "{height}: {reldir}/{stem}_{width}x{height}{ext}.",
        ),
    ] = DEFAULTS.name,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Take only these from folders: '*.jpg', 'raw/**'; case is ignored."
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Do not take these from folders.")
    ] = None,
    existing: Annotated[
        Existing,
        typer.Option(help="What to do where another file, not ours, stands in an output's place."),
    ] = DEFAULTS.existing,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify/--no-verify",
            help="Read every output again, and fail it if it is not the input's picture.",
        ),
    ] = DEFAULTS.verify,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            metavar="N",
            parser=number(int, "--jobs", COUNT_RANGE),
            help="Threads that compute; default: one a core.",
        ),
    ] = DEFAULTS.jobs,
    recursive: Annotated[
        bool, typer.Option("--recursive/--no-recursive", help="Go into the folders of a folder.")
    ] = DEFAULTS.recursive,
    dry: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show what would be made, by which networks, how long and how large; do nothing.",
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but what went wrong.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say what was done with every input.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            is_eager=True,
            callback=_use_defaults,
            show_default=False,
            help="Defaults of these options in TOML, under [upscale]; without it the file "
            "sr-batch/config.toml in your own settings folder, if there is one.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="One JSON object per input on standard output, then one with the sums.",
        ),
    ] = False,
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
    options = UpscaleOptions(
        model=model,
        scale=scale,
        width=width,
        height=height,
        long_edge=long_edge,
        short_edge=short_edge,
        megapixels=megapixels,
        only_if_smaller=only_if_smaller,
        mode=mode,
        tile=parse_tile(tile),
        overlap=parse_overlap(overlap),
        device=device,
        format=output_format,
        quality=quality,
        metadata=metadata,
        max_pixels=max_pixels,
        name=name,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        existing=existing,
        verify=verify,
        jobs=jobs,
        recursive=recursive,
    )
    volume = int(verbose) - int(quiet)
    raise typer.Exit(_run(inputs, output, options, Show(as_json, volume, dry)))


def _run(inputs: list[str], output: str | None, options: UpscaleOptions, show: Show) -> int:
    # Imported here, not above: they load the inference and image libraries, --help does not.
    from sr_batch.cli.report import Report
    from sr_batch.jobs import plan_jobs
    from sr_batch.room import shortages
    from sr_batch.upscaler import Upscaler

    with Report(show.as_json, show.volume) as report, Upscaler(options, report.say) as upscaler:
        plan = plan_jobs(inputs, output, options, upscaler.model, report.say)
        _check_standard_output(plan, show.as_json)
        for line in shortages(plan.jobs):
            report.say(line, "note: ")
        report.begin(plan)
        with stop_on_signals() as stop:
            code = _work(plan, upscaler, options, report, stop, show.dry)
        report.finish(code)
    return code


def _work(
    plan: Plan,
    upscaler: Upscaler,
    options: UpscaleOptions,
    report: Report,
    stop: Stop,
    dry: bool,
) -> int:
    """Run the plan and show its results; the exit code."""
    from sr_batch import engine

    results: list[JobResult] = []
    try:
        run = engine.run(
            plan, upscaler, options, report.progress, stop.event, notify=report.say, dry=dry
        )
        for result in run:
            results.append(result)
            report.add(result)
    except SrBatchError as error:
        report.stopped(str(error))
        return error.exit_code
    return stop.exit_code or exit_code(results)


def _check_standard_output(plan: Plan, as_json: bool) -> None:
    from sr_batch.jobs import PIPE

    if not any(job.target == PIPE for job in plan.jobs):
        return
    if as_json:
        raise UsageError("--json and -o - both write to standard output: give a file with -o")
    if sys.stdout.isatty():
        raise UsageError(
            "an image would be written to the terminal: give a file with -o, or a pipe"
        )
