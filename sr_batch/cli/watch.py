"""``sr-batch watch``: enlarges what comes into a folder, or into several, until it is stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from sr_batch.cli.command_options import WatchCommand, WatchedFolder
from sr_batch.cli.models_add import usable_model
from sr_batch.cli.parameters import Values, from_values
from sr_batch.cli.signals import Stop, again_on_hangup, stop_on_signals
from sr_batch.cli.watch_log import WatchLog
from sr_batch.core.errors import DeviceUnavailable, UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.stores.location import require_path
from sr_batch.watch.listener import All, Listener

if TYPE_CHECKING:
    from sr_batch.watch.folder_pair import Pair

Folder = Annotated[
    Path | None, typer.Argument(metavar="FOLDER", show_default=False, help="Folder to watch.")
]


def watch(context: typer.Context, folder: Folder = None, **values: Any) -> None:
    """Enlarge the images in a folder, and all that arrive later.

    SIGINT and SIGTERM end it with exit code 0; a restart resumes it. Without FOLDER it watches
    every [[pair]] of the --config file, with its own options. SIGHUP reads that file again.
    """
    command = from_values(WatchCommand, values)
    log = WatchLog(command.as_json, command.volume)
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        hangup = stack.enter_context(again_on_hangup(stop))
        pairs = _pairs(context)
        listeners = All([log, *_operators(stack, log, command.serve, command.notify)])
        _watch(pairs, listeners, stop, command.idle * 60)
        while hangup.taken():
            listeners.reload()
            try:
                changed = _pairs(context)
                listeners.say(_reloaded(context, changed))
                _watch(changed, listeners, stop, command.idle * 60)
                pairs = changed
            except (UsageError, DeviceUnavailable, TyperException) as error:
                listeners.say(f"{error}; the watch continues with its old settings", "failed: ")
                _watch(pairs, listeners, stop, command.idle * 60)


def _operators(
    stack: ExitStack, log: WatchLog, port: int | None, urls: Sequence[str]
) -> Iterator[Listener]:
    """What else is told, if the options say so; each ends when ``stack`` is left."""
    from sr_batch.watch.systemd import Systemd

    if port is not None:
        from sr_batch.watch.metrics_server import HOST, MetricsServer

        served = stack.enter_context(MetricsServer(port))
        log.say(f"health and metrics at http://{HOST}:{served.port}")
        yield served
    if urls:
        from sr_batch.watch.notify import Notifier

        yield stack.enter_context(Notifier(urls, lambda text: log.say(text, "note: ")))
    yield stack.enter_context(Systemd())  # entered last, so left first: it hears of the end at once


def _watch(pairs: Sequence[Pair], listener: Listener, stop: Stop, idle: float) -> None:
    from sr_batch.watch.daemon import watch as run

    run(pairs, listener, stop.event, idle)


def _pairs(context: typer.Context) -> list[Pair]:
    """The watched folders of the command line, or of the settings file if it names none."""
    from sr_batch.cli.config import default_file, pairs_in
    from sr_batch.watch.folder_pair import require_apart

    values = context.params
    if values["folder"] is None:
        file = values["config"] or default_file()
        lines = enumerate(pairs_in(context, values["config"]), 1)
        pairs = [_pair_of(context, line, f"{file}: [[pair]] {number}") for number, line in lines]
    else:
        pairs = [_pair(values)]
    require_apart(pairs)
    return pairs


def _reloaded(context: typer.Context, pairs: Sequence[Pair]) -> str:
    """What SIGHUP has changed, in one line."""
    from sr_batch.cli.config import default_file

    if context.params["folder"] is not None:
        return "SIGHUP: the command line names the folder, so no file was read again"
    count = "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
    file = context.params["config"] or default_file()
    return f"SIGHUP: {file} was read again: {count}, {', '.join(str(p.source) for p in pairs)}"


def _pair_of(context: typer.Context, line: list[str], where: str) -> Pair:
    """The pair of one table of the settings file; errors say ``where``."""
    try:
        return _pair(context.command.make_context("watch", line).params)
    except TyperException as error:
        raise UsageError(f"{where}: {error.format_message()}") from error
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def _pair(values: Values) -> Pair:
    from sr_batch.watch.folder_pair import Pair

    watched = from_values(WatchedFolder, values)
    for place in filter(None, (values["folder"], watched.output)):
        require_path(place, "sr-batch watch needs folders; sr-batch upscale takes URLs")
    if values["folder"] is None:
        raise UsageError('a [[pair]] has no folder to watch: add folder = "..."')
    if watched.output is None:
        raise UsageError('no output folder: give it with -o, or in a [[pair]] as output = "..."')
    return Pair(
        source=Path(os.path.realpath(values["folder"])),
        output=Path(os.path.realpath(watched.output)),
        options=usable_model(from_values(UpscaleOptions, values)),
        settle=watched.settle,
        rescan=watched.rescan,
        poll=watched.poll,
        after=watched.after,
        again=watched.again,
    )
