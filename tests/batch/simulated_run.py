"""A run of several images on a clock of its own: tiles on threads, and encoders beside them."""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sr_batch.batch.estimate import Cost, Estimate

IMAGES_AT_ONCE = 4


@dataclass(frozen=True)
class Picture:
    """What an image of a simulated run really costs.

    Attributes:
        tiles: How many it has.
        tile_seconds: Of each, in one thread.
        codec_seconds: Of the encoder, in one thread.
    """

    tiles: int
    tile_seconds: float
    codec_seconds: float = 0.0

    def cost(self, threads: int, faster: float = 1.0) -> Cost:
        """Its cost, predicted by a calibration that was ``faster`` than the run."""
        network = self.tiles * self.tile_seconds / threads / faster
        return Cost(self.tiles * 1000, network, self.codec_seconds / faster)


Event = Callable[[], None]


class Simulation:
    """Runs pictures in order on ``threads`` cores, which tiles and encoders share.

    Attributes:
        now: The time on its clock.
    """

    def __init__(self, pictures: Sequence[Picture], threads: int) -> None:
        self.now = 0.0
        self._pictures = pictures
        self._free = threads
        self._left = [picture.tiles for picture in pictures]
        self._waiting = deque(range(len(pictures)))
        self._tasks: deque[tuple[float, Event]] = deque()
        self._events: list[tuple[float, int, Event]] = []
        self._count = 0
        self._unfinished = len(pictures)

    def run(self, estimate: Estimate, costs: Sequence[Cost], look: Event, every: float) -> float:
        """Run to the end and ``look`` now and then; returns the time of the end."""
        self._estimate, self._costs = estimate, costs
        for _ in range(IMAGES_AT_ONCE):
            self._next_image()
        self._look(look, every)
        while self._unfinished:
            self.now, _, event = heapq.heappop(self._events)
            event()
        return self.now

    def _at(self, delay: float, event: Event) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + delay, self._count, event))

    def _look(self, look: Event, every: float) -> None:
        look()
        self._at(every, lambda: self._look(look, every))

    def _next_image(self) -> None:
        if self._waiting:
            image = self._waiting.popleft()
            picture = self._pictures[image]
            self._estimate.begin(str(image), self._costs[image])
            tile = (picture.tile_seconds, lambda: self._end_tile(image))
            self._tasks.extend([tile] * picture.tiles)
            self._fill_threads()

    def _fill_threads(self) -> None:
        while self._free and self._tasks:
            self._free -= 1
            seconds, end = self._tasks.popleft()
            self._at(seconds, partial(self._end_task, end))

    def _end_task(self, end: Event) -> None:
        self._free += 1
        end()
        self._fill_threads()

    def _end_tile(self, image: int) -> None:
        self._left[image] -= 1
        self._estimate.compute(str(image), 1000)
        if not self._left[image]:
            encoder = (self._pictures[image].codec_seconds, lambda: self._end_image(image))
            self._tasks.appendleft(encoder)

    def _end_image(self, image: int) -> None:
        self._unfinished -= 1
        self._estimate.finish(str(image))
        self._next_image()


@dataclass(frozen=True)
class Look:
    """What the estimate said at a time of a simulated run, and what was really left then."""

    at: float
    estimated: float | None
    left: float


def looks(
    pictures: Sequence[Picture], threads: int, faster: float = 1.0, calibrated: bool = True
) -> list[Look]:
    """Look at the estimate of a simulated run many times; first before it begins."""
    costs = [picture.cost(threads, faster) for picture in pictures]
    run = Simulation(pictures, threads)
    named = {str(number): cost for number, cost in enumerate(costs)}
    estimate = Estimate(named, threads, calibrated, lambda: run.now)
    seen = [(0.0, estimate.seconds)]
    whole = sum(p.tiles * p.tile_seconds / threads + p.codec_seconds for p in pictures)
    end = run.run(estimate, costs, lambda: seen.append((run.now, estimate.seconds)), whole / 200)
    return [Look(now, seconds, end - now) for now, seconds in seen]
