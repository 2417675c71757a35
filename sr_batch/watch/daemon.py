"""Runs the watches of all pairs in turn, and keeps their networks open while there is work."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sr_batch.batch.decoder_pool import loader
from sr_batch.batch.loading import Loader
from sr_batch.files.reading import display_name
from sr_batch.upscaling.auto_upscaler import AutoUpscaler, open_upscaler
from sr_batch.upscaling.upscaler import Upscaler
from sr_batch.watch.clock import Clock
from sr_batch.watch.file_events import FileEvents
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.folder_watch import FolderWatch
from sr_batch.watch.listener import Listener
from sr_batch.watch.lock import sole_watch
from sr_batch.watch.network_mounts import sends_no_events

_TICK = 0.5  # seconds between two checks of the stop event


@dataclass
class _Networks:
    """The networks of one pair: opened for work, closed after ``idle`` seconds without any."""

    pair: Pair
    idle: float
    clock: Clock
    notify: Callable[[str], None]
    upscaler: Upscaler | AutoUpscaler | None = None
    used: float = field(init=False)

    def __post_init__(self) -> None:
        self.used = self.clock.now()

    def get(self) -> Upscaler | AutoUpscaler:
        self.upscaler = self.upscaler or open_upscaler(self.pair.options, self.notify)
        return self.upscaler

    def close_if_idle(self) -> None:
        if self.upscaler and self.clock.now() - self.used > self.idle:
            self.close()

    def close(self) -> None:
        if self.upscaler:
            self.upscaler.close()
        self.upscaler = None


def watch(
    pairs: Sequence[Pair],
    listener: Listener,
    stop: threading.Event,
    idle: float,
    clock: Clock | None = None,
) -> None:
    """Watch ``pairs`` until ``stop`` is set; images in progress are then finished or abandoned.

    Args:
        pairs: Checked by :func:`require_apart`.
        listener: Receives the reports.
        stop: Ends the watch.
        idle: Seconds without work after which the networks are closed.
        clock: Tests pass their own.

    Raises:
        UsageError: another process watches one of the outputs, or a folder does not exist.
        UnknownModel: there is no such network.
        DeviceUnavailable: the device is not available.
    """
    clock = clock or Clock()
    wake = threading.Event()
    with ExitStack() as stack:
        loaders = {
            isolate: stack.enter_context(loader(isolate, stop))
            for isolate in {pair.options.isolate for pair in pairs}
        }
        watches = [
            stack.enter_context(_open(p, listener, loaders[p.options.isolate], clock, wake))
            for p in pairs
        ]
        networks = [_Networks(pair, idle, clock, listener.say) for pair in pairs]
        for each in networks:
            stack.callback(each.close)
            each.get()  # reports a wrong model or device now, not at the first picture
        listener.begin([(pair.source, pair.output) for pair in pairs])
        _run(list(zip(watches, networks, strict=True)), wake, stop)


@contextmanager
def _open(
    pair: Pair, listener: Listener, load: Loader, clock: Clock, wake: threading.Event
) -> Iterator[FolderWatch]:
    """Lock the output folder, and listen to events if the system sends them."""
    with ExitStack() as stack:
        stack.enter_context(sole_watch(pair.output))
        name, scanned = display_name(pair.source), f"scanned every {pair.rescan:g} s"
        events = None
        if pair.poll or sends_no_events(pair.source):
            listener.say(f"{name} is {scanned}")
        else:
            try:
                events = stack.enter_context(FileEvents(pair.source, wake.set))
            except OSError as error:
                listener.say(
                    f"{name} is only {scanned}: the system's limit on watched folders is reached"
                    f" ({error.strerror})"
                )
        yield FolderWatch(pair, listener, events, load, clock)


def _run(
    watches: Sequence[tuple[FolderWatch, _Networks]], wake: threading.Event, stop: threading.Event
) -> None:
    while not stop.is_set():
        wake.clear()
        for each, networks in watches:
            _work(each, networks, stop)
        pause = min(each.wait() for each, _ in watches)
        wake.wait(min(pause, _TICK))


def _work(each: FolderWatch, networks: _Networks, stop: threading.Event) -> None:
    """Look for files, and enlarge them until none is at rest."""
    each.look()
    while not stop.is_set() and (batch := each.take()):
        each.work(batch, networks.get(), stop)
        networks.used = networks.clock.now()
        each.look()
    networks.close_if_idle()
