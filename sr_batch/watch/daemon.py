"""Watches for as long as it is left to: every pair in turn, its networks warm while it works."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from sr_batch.batch.decoder_pool import loader
from sr_batch.batch.loading import Loader
from sr_batch.core.errors import UsageError
from sr_batch.files.reading import display_name, is_folder
from sr_batch.upscaling.upscaler import Upscaler
from sr_batch.watch.at_work import Clock, Watch
from sr_batch.watch.hints import Hints
from sr_batch.watch.listener import Listener
from sr_batch.watch.lock import sole_watch
from sr_batch.watch.mounts import is_silent
from sr_batch.watch.pair import Pair

_TICK = 0.5  # seconds between two looks at the stop event


@dataclass
class _Warm:
    """The networks of one pair: opened for work, closed when they have been idle."""

    pair: Pair
    idle: float
    clock: Clock
    notify: Callable[[str], None]
    upscaler: Upscaler | None = None
    used: float = field(init=False)

    def __post_init__(self) -> None:
        self.used = self.clock.now()

    def get(self) -> Upscaler:
        self.upscaler = self.upscaler or Upscaler(self.pair.options, self.notify)
        return self.upscaler

    def cool(self) -> None:
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
    """Watch ``pairs`` until ``stop`` is set; an image in work is then finished whole or dropped.

    Args:
        pairs: Checked by :func:`require_apart`.
        listener: Is told everything.
        stop: Ends the watch.
        idle: Seconds without work after which the networks are closed.
        clock: Another one, for tests.

    Raises:
        UsageError: another process watches one of the outputs, or a folder is not there.
        UnknownModel: no such network.
        DeviceUnavailable: the device cannot be had.
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
        warm = [_Warm(pair, idle, clock, listener.say) for pair in pairs]
        for networks in warm:
            stack.callback(networks.close)
            networks.get()  # a wrong model or device is said now, not with the first picture
        while not stop.is_set():
            wake.clear()
            for each, networks in zip(watches, warm, strict=True):
                _turn(each, networks, stop)
            pause = min(each.wait() for each in watches)
            wake.wait(min(pause, _TICK))


def require_apart(pairs: Sequence[Pair]) -> None:
    """Refuse pairs that would feed on themselves or on each other.

    Raises:
        UsageError: naming the folders.
    """
    for pair in pairs:
        if not is_folder(pair.source):
            raise UsageError(f"{display_name(pair.source)}: no such folder to watch")
        if pair.source.is_relative_to(pair.output):
            raise UsageError(
                f"{display_name(pair.source)} lies in its own output folder"
                f" {display_name(pair.output)}: choose another -o"
            )
    outputs = [pair.output for pair in pairs]
    if len(set(outputs)) < len(outputs):
        raise UsageError("two watched folders have one output folder: give each its own")
    feeds = {
        pair.source: [other.source for other in pairs if other != pair and _feeds(pair, other)]
        for pair in pairs
    }
    try:
        TopologicalSorter(feeds).prepare()
    except CycleError as error:
        circle = " -> ".join(display_name(folder) for folder in reversed(error.args[1]))
        raise UsageError(f"the watched folders feed each other for ever: {circle}") from error


def _feeds(pair: Pair, other: Pair) -> bool:
    """Whether outputs of ``pair`` are sources of ``other``."""
    return pair.output.is_relative_to(other.source) or other.source.is_relative_to(pair.output)


@contextmanager
def _open(
    pair: Pair, listener: Listener, load: Loader, clock: Clock, wake: threading.Event
) -> Iterator[Watch]:
    with ExitStack() as stack:
        stack.enter_context(sole_watch(pair.output))
        hints = None
        if pair.poll or is_silent(pair.source):
            listener.say(f"{display_name(pair.source)} is looked at every {pair.rescan:g} s")
        else:
            try:
                hints = stack.enter_context(Hints(pair.source, wake.set))
            except OSError as error:
                listener.say(
                    f"{display_name(pair.source)} is looked at every {pair.rescan:g} s, as the"
                    f" system watches no more folders ({error.strerror})"
                )
        yield Watch(pair, listener, hints, load, clock)


def _turn(each: Watch, networks: _Warm, stop: threading.Event) -> None:
    """Look, and work for as long as there is anything at rest."""
    each.look()
    while not stop.is_set() and (batch := each.take()):
        each.work(batch, networks.get(), stop)
        networks.used = networks.clock.now()
        each.look()
    networks.cool()
