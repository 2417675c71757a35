"""``sr-batch upscale`` with URLs, or on a cluster: options -> places -> engine -> report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sr_batch.cli.signals import Stop, stop_on_signals
from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.core.shard import read_shard
from sr_batch.stores.location import is_url, place_of

if TYPE_CHECKING:
    from sr_batch.cli.command_options import UpscaleCommand
    from sr_batch.cli.report import Report
    from sr_batch.core.options import UpscaleOptions
    from sr_batch.distributed.plan import KeyedPlan
    from sr_batch.distributed.spec import Engine

_OF_RAY = ("address", "worker_cpus", "worker_gpus")


def without_file_urls(texts: Sequence[str]) -> list[str]:
    """``texts`` with a path for each ``file://`` URL.

    Raises:
        UsageError: such a URL is wrong.
    """
    return [
        place_of(text).url if text.lower().startswith("file:/") and is_url(text) else text
        for text in texts
    ]


def needs_stores(inputs: Sequence[str], command: UpscaleCommand) -> bool:
    """Whether a bucket or a cluster is involved.

    Raises:
        UsageError: options for a cluster, but no cluster.
    """
    if command.engine == "ray":
        return True
    for name in _OF_RAY:
        if getattr(command, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} needs --engine ray")
    if is_url(command.output or "") or any(map(is_url, inputs)):
        return True
    if command.workers is not None:
        raise UsageError("--workers needs URLs or --engine ray; --jobs sets the threads")
    return False


def upscale_stores(inputs: Sequence[str], command: UpscaleCommand, options: UpscaleOptions) -> int:
    """Carry out ``sr-batch upscale`` over stores. Returns the exit code.

    Raises:
        SrBatchError: the run cannot begin.
    """
    # Imported here, not above: they load the inference and image libraries, --help does not.
    from sr_batch.cli.nothing_found import nothing_at
    from sr_batch.cli.report import Report
    from sr_batch.distributed.plan import ALL, Request, plan_run

    shard = read_shard(command.shard, os.environ) if command.shard else ALL
    output = command.output
    if command.engine == "ray":  # its nodes have other current folders
        inputs, output = [_absolute(text) for text in inputs], output and _absolute(output)
    request = Request(inputs, output, options, command.endpoint_url, shard, command.dry_run)
    stop = Stop()
    with Report(command.as_json, command.volume, command.progress, command.report) as report:
        plan = plan_run(request)
        engine = _engine(command, report)
        for note in plan.notes:
            report.say(note, "note: ")
        report.begin_stream(plan.found, plan.place)
        with stop_on_signals(stop):
            code = _work(plan, engine, report, stop)
        report.finish(code, lambda: nothing_at(inputs))
    return code


def _work(plan: KeyedPlan, engine: Engine, report: Report, stop: Stop) -> int:
    """Run the plan and show its results. Returns the exit code."""
    from sr_batch.distributed.run import count_inputs, results_of

    if report.tells_time and not plan.request.dry:
        estimate = count_inputs(plan, stop.event)
        report.expect(estimate, estimate.ended)

    def told(name: str) -> None:
        report.detail(f"{name}: passed over; --no-ignore takes it")

    try:
        for result in results_of(plan, engine, stop.event, told):
            report.add(result)
    except SrBatchError as error:
        report.stopped(str(error))
        return error.exit_code
    return stop.exit_code or report.exit_code


def _engine(command: UpscaleCommand, report: Report) -> Engine:
    if command.engine == "ray":
        from sr_batch.distributed.ray_address import ray_address
        from sr_batch.distributed.ray_engine import ray_engine
        from sr_batch.distributed.ray_messages import RaySettings

        settings = RaySettings(
            ray_address(command.address),
            command.workers,
            command.worker_cpus or 1,
            command.worker_gpus or 0,
        )
        return ray_engine(settings, report.progress, report.say)
    from sr_batch.distributed.threads import THREADS, ThreadsEngine
    from sr_batch.distributed.worker import open_worker

    opened = partial(open_worker, progress=report.progress, notify=report.say)
    return ThreadsEngine(opened, command.workers or THREADS)


def _absolute(text: str) -> str:
    return text if is_url(text) else f"{Path(text).absolute()}{'/' if text.endswith('/') else ''}"
