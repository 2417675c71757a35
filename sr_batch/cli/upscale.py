"""``sr-batch upscale``: options -> plan -> engine -> report."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sr_batch.cli.command_options import UpscaleCommand
from sr_batch.cli.keyed_upscale import needs_stores, upscale_stores, without_file_urls
from sr_batch.cli.models_add import usable_model
from sr_batch.cli.parameters import from_values
from sr_batch.cli.signals import Stop, stop_on_signals
from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.shard import read_shard

if TYPE_CHECKING:
    from sr_batch.batch.loading import Loader
    from sr_batch.batch.planning import Plan
    from sr_batch.cli.report import Report
    from sr_batch.upscaling.auto_upscaler import AutoUpscaler
    from sr_batch.upscaling.upscaler import Upscaler

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        show_default=False,
        help="Image files, folders, URLs such as s3://BUCKET/PREFIX, glob patterns, or - for "
        "standard input.",
    ),
]


def upscale(inputs: Inputs, **values: Any) -> None:
    """Enlarge images.

    Inputs are never overwritten. Finished work is skipped: to continue after an interruption, run
    the same command again.

    \b
    Exit codes:
      0    all done
      1    ended by an error, such as a full disk
      2    wrong command line
      3    some images failed, the others are done
      4    device, server or cluster not available
      5    the cluster was lost during the run
      130  interrupted (143: terminated)
    """  # noqa: D301 - backspace: the list keeps its lines
    command = from_values(UpscaleCommand, values)
    options = usable_model(from_values(UpscaleOptions, values))
    inputs = without_file_urls(inputs)
    if command.output:
        command = replace(command, output=without_file_urls([command.output])[0])
    run = upscale_stores if needs_stores(inputs, command) else _run
    raise typer.Exit(run(inputs, command, options))


def _run(inputs: list[str], command: UpscaleCommand, options: UpscaleOptions) -> int:
    # Imported here, not above: they load the inference and image libraries, --help does not.
    from sr_batch.batch.decoder_pool import loader
    from sr_batch.batch.disk_space import shortages
    from sr_batch.batch.planning import plan_jobs
    from sr_batch.cli.nothing_found import nothing_in_folders
    from sr_batch.cli.report import Report
    from sr_batch.upscaling.auto_upscaler import open_upscaler

    shard = None if command.shard is None else read_shard(command.shard, os.environ)
    stop = Stop()
    with (
        Report(command.as_json, command.volume, command.progress, command.report) as report,
        open_upscaler(options, report.say) as upscaler,
        loader(options.isolate, stop.event) as load,
    ):
        claim, told = not (command.dry_run or stop.event.is_set()), report.passed_over
        plan = plan_jobs(
            *(inputs, command.output, options, upscaler.model, report.say, load, claim, told),
            shard=shard,
        )
        _check_standard_output(plan, command.as_json)
        for line in shortages(plan.jobs):
            report.say(line, "note: ")
        if shard:
            report.detail(f"shard {shard}")
        for line in upscaler.precision_notes:
            report.detail(line)
        report.begin(plan)
        with stop_on_signals(stop):
            code = _work(plan, upscaler, options, report, stop, load, command.dry_run)
        report.finish(code, lambda: nothing_in_folders(inputs, options, shard))
    return code


def _work(
    plan: Plan,
    upscaler: Upscaler | AutoUpscaler,
    options: UpscaleOptions,
    report: Report,
    stop: Stop,
    load: Loader,
    dry: bool,
) -> int:
    """Run the plan and show its results. Returns the exit code."""
    from sr_batch.batch import engine
    from sr_batch.batch.forecast import RunEstimate

    follower = None
    if report.tells_time and not dry:
        follower = RunEstimate(plan.jobs, upscaler, options, rest=plan.rest)
        report.expect(follower.estimate, follower.ended)
    if plan.rest and report.tells_time:
        plan.rest.count(stop.event)
    try:
        run = engine.run(
            plan,
            upscaler,
            options,
            report.progress,
            stop.event,
            load,
            report.say,
            dry,
            follower,
        )
        for result in run:
            report.add(result)
    except SrBatchError as error:
        report.stopped(str(error))
        return error.exit_code
    return stop.exit_code or report.exit_code


def _check_standard_output(plan: Plan, as_json: bool) -> None:
    from sr_batch.files.reading import PIPE

    if not any(job.target == PIPE for job in plan.jobs):
        return
    if as_json:
        raise UsageError("--json and -o - both write to standard output: give a file with -o")
    if sys.stdout.isatty():
        raise UsageError(
            "-o - would write an image to the terminal: give a file with -o, or use a pipe"
        )
