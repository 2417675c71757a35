"""How long a run will still take: predicted costs, corrected by the time that finished work took.

The costs of all images are predicted before the run. While it works, the time so far is compared
with the predicted time of what is finished, over the whole run and not over the last seconds. Work
in flight counts by the time since it was begun. No clock is read but the given one.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf

# A prediction counts as much as measured work of this many seconds, or of this share of the run.
_TRUSTED_SECONDS = 5.0
_TRUSTED_SHARE = 0.02
# What is in flight for longer than predicted does not end the run in the estimate.
_MOST_IN_FLIGHT = 0.9


@dataclass(frozen=True)
class Cost:
    """The predicted cost of one image.

    Attributes:
        pixels: Of the input.
        network: Seconds for the networks, with all threads.
        codec: Seconds that follow in one thread, while the networks compute other images.
    """

    pixels: int
    network: float
    codec: float


@dataclass(frozen=True)
class Later:
    """Images of a run that no cost is predicted for yet.

    Attributes:
        count: How many, as far as they have been counted.
        is_whole: Whether they all have been counted.
        each: The likely cost of each.
    """

    count: int = 0
    is_whole: bool = True
    each: Cost = Cost(0, 0.0, 0.0)


@dataclass
class _Image:
    """An image of the run.

    Attributes:
        cost: Predicted.
        left: Pixels that the networks have not finished.
        tile: Work of a tile; infinite until the first one has ended.
        encoding_since: When the networks finished the last pixels.
    """

    cost: Cost
    left: int
    tile: float = inf
    encoding_since: float | None = None

    @property
    def network(self) -> float:
        return self.cost.network * self.left / self.cost.pixels if self.left else 0.0


class Estimate:
    """The estimate for a run of several images. Thread-safe.

    Time counts only while an image is in work: a thousand inputs that are skipped take time, but
    say nothing about those that follow.

    Args:
        costs: The predicted costs by name, in the order of the run.
        threads: That share the work.
        calibrated: Whether ``costs`` are seconds. If not, only their ratios matter, and there is
            no estimate before the first pixels are finished.
        clock: Seconds.
        later: Images that follow those of ``costs``, until they are begun.
    """

    def __init__(
        self,
        costs: Mapping[str, Cost],
        threads: int,
        calibrated: bool = True,
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[], Later] = Later,
    ) -> None:
        self._images = {name: _Image(cost, cost.pixels) for name, cost in costs.items()}
        self._threads = threads
        self._clock = clock
        self._calibrated = calibrated
        self._later = later
        total = sum(map(self._work, self._images.values()))
        self._ratio = 1.0  # real seconds for a predicted one
        self._working: dict[str, _Image] = {}
        self._elapsed, self._at = 0.0, clock()
        self._left, self._done, self._pixels = total, 0.0, 0
        self._begun: deque[float] = deque(maxlen=threads)  # when the tiles in flight were begun
        self._lock = threading.Lock()

    def begin(self, name: str, cost: Cost) -> None:
        """The work on ``name`` begins, at a cost that is now known better."""
        with self._lock:
            now = self._tick()
            if not self._working:
                self._begun.extend([now] * self._threads)
            if before := self._images.get(name):
                self._left -= self._work(before)
            self._images[name] = self._working[name] = _Image(cost, cost.pixels)
            self._left += self._work(self._images[name])

    def compute(self, name: str, pixels: int) -> None:
        """``pixels`` of ``name`` were finished: a tile has ended, and another one begins."""
        with self._lock:
            now = self._tick()
            self._images[name].tile = work = self._take(name, pixels, now)
            self._done += work
            self._pixels += pixels
            self._begun.append(now)
            self._ratio = self._measured(now) or self._ratio

    def restore(self, name: str, pixels: int) -> None:
        """``pixels`` of ``name`` are finished without work; call :meth:`compute` for others."""
        with self._lock:
            self._take(name, pixels, self._tick())

    def finish(self, name: str) -> None:
        """The output of ``name`` is written."""
        with self._lock:
            self._tick()
            self._done += self._drop(name)

    def leave(self, name: str) -> None:
        """``name`` was skipped or failed, so its rest takes no time."""
        with self._lock:
            self._tick()
            self._drop(name)

    @property
    def seconds(self) -> float | None:
        """Seconds until the run ends, never below 0; None if nothing is known yet."""
        with self._lock:
            now = self._tick()
            ratio = self._measured(now)
            if self._pixels and not any(image.left for image in self._working.values()):
                ratio = self._ratio  # most threads are idle, and time says nothing about speed
            return None if ratio is None else ratio * (self._until_end(now) + self._left_later)

    @property
    def is_whole(self) -> bool:
        """Whether all images are known; otherwise the run takes longer than :attr:`seconds`."""
        return self._later().is_whole

    @property
    def share(self) -> float:
        """The finished share of all work that is known, from 0 to 1."""
        with self._lock:
            done = self._done + self._in_flight(self._tick())
            total = self._done + self._left + self._left_later
            return min(1.0, done / total) if total > 0 else 0.0

    @property
    def speed(self) -> float | None:
        """Input pixels per second over the whole run; None before the first ones are finished."""
        with self._lock:
            self._tick()
            return self._pixels / self._elapsed if self._pixels and self._elapsed else None

    def _tick(self) -> float:
        now = self._clock()
        if self._working:
            self._elapsed += max(0.0, now - self._at)
        self._at = now
        return now

    @property
    def _left_later(self) -> float:
        later = self._later()
        return later.count * (later.each.network + later.each.codec / self._threads)

    def _work(self, image: _Image) -> float:
        return image.network + image.cost.codec / self._threads

    def _take(self, name: str, pixels: int, now: float) -> float:
        """Count ``pixels`` of an image as finished; returns the work that they were."""
        image = self._images[name]
        before = image.network
        image.left = max(0, image.left - pixels)
        if not image.left:
            image.encoding_since = now
        self._left -= before - image.network
        return before - image.network

    def _drop(self, name: str) -> float:
        """Forget an image; returns the work that was left of it."""
        self._working.pop(name, None)
        image = self._images.pop(name, None)
        work = self._work(image) if image else 0.0
        self._left -= work
        return work

    def _measured(self, now: float) -> float | None:
        """Real seconds for a predicted one, over all the work so far."""
        if not self._calibrated and not self._pixels:
            return None
        trust = self._trust
        done = self._done + self._in_flight(now) + trust
        return (self._elapsed + trust) / done if done else None

    @property
    def _trust(self) -> float:
        share = _TRUSTED_SHARE * (self._done + self._left)
        return min(_TRUSTED_SECONDS, share) if self._calibrated else 0.0

    def _in_flight(self, now: float) -> float:
        working = self._working.values()
        encoded = sum(self._encoded(image, now) for image in working)
        return self._tiles_in_flight(now) + encoded / self._threads

    def _tiles_in_flight(self, now: float) -> float:
        """The work on tiles that have not ended, which are mostly those of the first image."""
        images = [image for image in self._working.values() if image.left]
        if not images or not (self._calibrated or self._pixels):
            return 0.0
        speed = 1 / (self._threads * self._ratio)  # of one thread
        work = sum(min(images[0].tile, (now - begun) * speed) for begun in self._begun)
        return min(work, _MOST_IN_FLIGHT * sum(image.network for image in images))

    def _encoded(self, image: _Image, now: float) -> float:
        """How much of the predicted seconds after the networks is over."""
        if image.encoding_since is None:
            return 0.0
        since = (now - image.encoding_since) / self._ratio
        return min(_MOST_IN_FLIGHT * image.cost.codec, since)

    def _until_end(self, now: float) -> float:
        """Predicted seconds until the last image ends, if all threads work in the order of the run.

        An image ends when the networks have computed it and all before it, and when it is encoded.
        """
        ahead, end = -self._tiles_in_flight(now), 0.0
        for image in self._images.values():
            codec = image.cost.codec - self._encoded(image, now)
            ahead += image.network + codec / self._threads
            end = max(end, ahead + codec * (1 - 1 / self._threads))
        return end


def mean(costs: Iterable[Cost]) -> Cost:
    """The mean of ``costs``, a guess for an image of unknown size; zeros without any."""
    known = list(costs)
    count = max(1, len(known))
    return Cost(
        round(sum(cost.pixels for cost in known) / count),
        sum(cost.network for cost in known) / count,
        sum(cost.codec for cost in known) / count,
    )
