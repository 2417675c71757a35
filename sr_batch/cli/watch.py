"""``sr-batch watch``: a folder, or several, enlarged for as long as it runs."""

from __future__ import annotations

import os
from pathlib import Path

from sr_batch.cli.parameters import (
    AfterDone,
    ColorLock,
    Config,
    Device,
    Exclude,
    Height,
    Idle,
    Include,
    InMode,
    InPrecision,
    Jobs,
    LogJson,
    LongEdge,
    MaxPixels,
    Megapixels,
    MetadataKept,
    ModelName,
    NameTemplate,
    OnExisting,
    OnlyIfSmaller,
    OutputFolder,
    OutputFormat,
    Poll,
    Quality,
    Quiet,
    Recursive,
    Rescan,
    Scale,
    Settle,
    ShortEdge,
    Tile,
    TileOverlap,
    Verbose,
    Verify,
    WatchedFolder,
    Width,
)
from sr_batch.cli.signals import stop_on_signals
from sr_batch.cli.values import parse_overlap, parse_tile
from sr_batch.options import UpscaleOptions

DEFAULTS = UpscaleOptions()


def watch(
    source: WatchedFolder,
    output: OutputFolder,
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
    color_lock: ColorLock = DEFAULTS.color_lock,
    output_format: OutputFormat = DEFAULTS.format,
    quality: Quality = DEFAULTS.quality,
    metadata: MetadataKept = DEFAULTS.metadata,
    max_pixels: MaxPixels = DEFAULTS.max_pixels,
    name: NameTemplate = DEFAULTS.name,
    include: Include = None,
    exclude: Exclude = None,
    existing: OnExisting = DEFAULTS.existing,
    verify: Verify = True,
    jobs: Jobs = DEFAULTS.jobs,
    recursive: Recursive = DEFAULTS.recursive,
    settle: Settle = 2.0,
    rescan: Rescan = 30.0,
    poll: Poll = False,
    after: AfterDone = "keep",
    idle: Idle = 10.0,
    quiet: Quiet = False,
    verbose: Verbose = False,
    config: Config = None,
    as_json: LogJson = False,
) -> None:
    """Enlarge what is in a folder, and whatever comes into it, until it is stopped.

    What is done is remembered in the output folder: a restart goes on where it was. SIGINT and
    SIGTERM end it in good order, with exit code 0.
    """
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
        precision=precision,
        color_lock=color_lock,
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
    from sr_batch.cli.watch_log import WatchLog
    from sr_batch.codec import read_pages
    from sr_batch.watch.daemon import require_apart
    from sr_batch.watch.daemon import watch as run
    from sr_batch.watch.pair import Pair

    pair = Pair(
        source=Path(os.path.realpath(source)),
        output=Path(os.path.realpath(output)),
        options=options,
        settle=settle,
        rescan=rescan,
        poll=poll,
        after=after,
    )
    require_apart([pair])
    with stop_on_signals() as stop:
        run([pair], WatchLog(as_json, int(verbose) - int(quiet)), read_pages, stop.event, idle * 60)
