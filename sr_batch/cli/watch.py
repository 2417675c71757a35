"""``sr-batch watch``: a folder, or several, enlarged for as long as it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer
from typer.exceptions import TyperException

from sr_batch.cli.chosen import watched_pair
from sr_batch.cli.parameters import (
    AfterDone,
    ColorLock,
    Config,
    Device,
    Ensemble,
    Exclude,
    Height,
    Idle,
    Include,
    InMode,
    InPrecision,
    Isolate,
    Jobs,
    LogJson,
    LongEdge,
    MaxPixels,
    Megapixels,
    MetadataKept,
    ModelName,
    NameTemplate,
    NotifyUrls,
    OnExisting,
    OnlyIfSmaller,
    OutputFolder,
    OutputFormat,
    PngEffort,
    Poll,
    Quality,
    Quiet,
    Recursive,
    Rescan,
    Scale,
    Serve,
    Settle,
    ShortEdge,
    Tile,
    TileOverlap,
    Verbose,
    Verify,
    WatchedFolder,
    Width,
)
from sr_batch.cli.signals import Stop, again_on_hangup, stop_on_signals
from sr_batch.cli.watch_log import WatchLog
from sr_batch.core.errors import DeviceUnavailable, UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.watch.listener import All, Listener

if TYPE_CHECKING:
    from sr_batch.watch.folder_pair import Pair

DEFAULTS = UpscaleOptions()


def watch(
    context: typer.Context,
    folder: WatchedFolder = None,
    output: OutputFolder = None,
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
    verify: Verify = True,
    isolate: Isolate = True,
    jobs: Jobs = DEFAULTS.jobs,
    recursive: Recursive = DEFAULTS.recursive,
    settle: Settle = 2.0,
    rescan: Rescan = 30.0,
    poll: Poll = False,
    after: AfterDone = "keep",
    idle: Idle = 10.0,
    serve: Serve = None,
    notify: NotifyUrls = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    config: Config = None,
    as_json: LogJson = False,
) -> None:
    """Enlarge what is in a folder, and whatever comes into it, until it is stopped.

    What is done is remembered in the output folder: a restart goes on where it was. SIGINT and
    SIGTERM end it in good order, with exit code 0. Without FOLDER it watches all folders that
    the --config file names under [[pair]], each with options of its own; SIGHUP reads it again.
    """
    log = WatchLog(as_json, int(verbose) - int(quiet))
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        hangup = stack.enter_context(again_on_hangup(stop))
        pairs = _pairs(context)
        told = All([log, *_operators(stack, log, serve, notify)])
        _watch(pairs, told, stop, idle * 60)
        while hangup.taken():
            told.reload()
            try:
                anew = _pairs(context)
                _watch(anew, told, stop, idle * 60)
                pairs = anew
            except (UsageError, DeviceUnavailable, TyperException) as error:
                told.say(f"{error}; going on as before", "failed: ")
                _watch(pairs, told, stop, idle * 60)


def _operators(
    stack: ExitStack, log: WatchLog, port: int | None, urls: Sequence[str] | None
) -> Iterator[Listener]:
    """Who else is told, as was asked for; at work until ``stack`` is left."""
    from sr_batch.watch.systemd import Systemd

    if port is not None:
        from sr_batch.watch.metrics_server import HOST, MetricsServer

        served = stack.enter_context(MetricsServer(port))
        log.say(f"health and metrics at http://{HOST}:{served.port}")
        yield served
    if urls:
        from sr_batch.watch.notify import Notifier

        yield stack.enter_context(Notifier(urls, lambda text: log.say(text, "note: ")))
    yield stack.enter_context(Systemd())  # entered last, left first: it hears of the end at once


def _watch(pairs: Sequence[Pair], told: Listener, stop: Stop, idle: float) -> None:
    from sr_batch.watch.daemon import watch as run

    run(pairs, told, stop.event, idle)


def _pairs(context: typer.Context) -> list[Pair]:
    """What is to be watched, by the command line or by the file that it names."""
    from sr_batch.cli.config import pairs_in
    from sr_batch.watch.folder_pair import require_apart

    said = context.params
    if said["folder"] is None:
        lines = pairs_in(context, said["config"])
        contexts = [context.command.make_context("watch", line) for line in lines]
        pairs = [watched_pair(each.params) for each in contexts]
    else:
        pairs = [watched_pair(said)]
    require_apart(pairs)
    return pairs
