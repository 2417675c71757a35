"""A pair at work: files are seen, settle, are enlarged and remembered."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sr_batch.batch import engine
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.inputs import Choice, Source, as_candidate
from sr_batch.batch.loading import Loader
from sr_batch.batch.planning import Plan, plan_sources
from sr_batch.core.errors import OutputCollision, StorageError
from sr_batch.core.results import Done, Failed, JobResult, NotRun
from sr_batch.files.reading import stamp_of
from sr_batch.files.stamp import Stamp
from sr_batch.watch.after import act
from sr_batch.watch.attempts import FIRST_PAUSE, LONGEST_PAUSE, Attempts
from sr_batch.watch.error_file import drop_error, tell_error
from sr_batch.watch.hints import Hints
from sr_batch.watch.journal import Journal, Outcome, Status
from sr_batch.watch.listener import Listener
from sr_batch.watch.pair import Pair
from sr_batch.watch.scan import is_wanted, scan
from sr_batch.watch.settling import Settling

_BATCH = 32
_RECORD_AFTER = 1.0  # seconds
_REMEMBERED = 30 * 86400.0  # seconds that the journal keeps a source that is gone


@dataclass(frozen=True)
class Clock:
    """Time as a watch sees it, both in seconds: ``now`` runs on, ``wall`` is since 1970."""

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


@dataclass
class Watch:
    """A pair at work. Call :meth:`turn` again and again, and between them rest :meth:`wait`."""

    pair: Pair
    listener: Listener
    hints: Hints | None
    load: Loader
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        options = self.pair.options
        self._choice = Choice(options.recursive, options.include, options.exclude)
        self._settling = Settling(self.pair.settle)
        self._journal = Journal(self.pair.output, self.listener.say)
        self._known = {
            path: outcome.stamp
            for path, outcome in self._journal.all().items()
            if outcome.status != "waiting"
        }
        self._failed = self._journal.failed()
        self._attempts = Attempts()
        self._settled: list[tuple[Path, Stamp, JobResult, Outcome]] = []
        self._recorded = self.clock.now()
        self._pruned = False
        self._next_scan = self.clock.now()
        self._not_before = self.clock.now()
        self._pause = FIRST_PAUSE

    @property
    def waiting(self) -> int:
        """Files that are seen and not done."""
        return len(self._settling)

    def wait(self) -> float:
        """Seconds until there may be something to do, if nothing happens meanwhile."""
        now = self.clock.now()
        due = max(now + self._settling.wait(now), self._not_before)
        return max(0.0, min(due, self._next_scan) - now)

    def look(self) -> None:
        """Find out what is new."""
        changed, lost = self.hints.take() if self.hints else ({}, False)
        now = self.clock.now()
        if lost or now >= self._next_scan:
            self._scan(now)
            self._next_scan = self.clock.now() + self.pair.rescan
        for path, whole in changed.items():
            if self._is_ours(path):
                self._see(path, stamp_of(path), now, whole)
        self.listener.look(self.pair.source, self.waiting)

    def take(self) -> dict[Path, Stamp]:
        """Files at rest, for :meth:`work`; none while the disk is given time."""
        now = self.clock.now()
        if now < self._not_before:
            return {}
        batch = self._settling.take(now, _BATCH)
        for path, stamp in list(batch.items()):
            if (found := stamp_of(path)) != stamp:  # it has not rested after all
                del batch[path]
                self._see(path, found, now, whole=False)
        return batch

    def work(self, batch: dict[Path, Stamp], upscaler: Enlarger, stop: threading.Event) -> None:
        """Enlarge ``batch``; whatever happens to one of them, each is settled or tried again."""
        found = self._candidates(batch)
        left = {path: stamp for path, stamp in batch.items() if self._known.get(path) != str(stamp)}
        try:
            for result in self._results(found, upscaler, stop):
                path = Path(result.input)
                stamp = left.pop(path, None)
                if stamp and not isinstance(result, NotRun):
                    self._settle(path, stamp, result)
                elif stamp:
                    left[path] = stamp
                if self.clock.now() - self._recorded > _RECORD_AFTER:
                    self._record_settled()
            self._record_settled()
            self._pause = FIRST_PAUSE
        except StorageError as error:
            self._rest(str(error))
        for path, stamp in left.items():
            self._settling.later(path, stamp, self._not_before)

    def _is_ours(self, path: Path) -> bool:
        if path.is_relative_to(self.pair.output) or not path.is_relative_to(self.pair.source):
            return False
        return is_wanted(path.relative_to(self.pair.source), self._choice)

    def _scan(self, now: float) -> None:
        self._take_up_dropped()
        here: set[Path] = set()
        wall = self.clock.wall()
        for found in scan(self.pair.source, self._choice):
            self.listener.alive()
            if isinstance(found, Failed):
                self.listener.say(found.error, "failed: ")
            elif not found[0].is_relative_to(self.pair.output):
                path, stamp = found
                here.add(path)
                at_rest = wall - stamp.modified / 1e9 > self.pair.settle
                self._see(path, stamp, now, whole=at_rest)
        self._forget_all_but(here)
        if here and not self._pruned:
            self._pruned = True
            self._prune(here, wall - _REMEMBERED)

    def _prune(self, here: set[Path], before: float) -> None:
        with suppress(StorageError):  # there will be another start
            self._journal.prune(here, before)

    def _forget_all_but(self, here: set[Path]) -> None:
        for path in self._failed - here:
            if self.pair.after != "move":  # which would have it there no more
                drop_error(self.pair, path)
            self._known.pop(path, None)
        self._failed &= here
        if here:  # an empty folder may be a share that is lost, and will be back
            for path in self._known.keys() - here:
                del self._known[path]
        self._attempts.keep(here)
        self._settling.keep(here)

    def _take_up_dropped(self) -> None:
        """Know no more of failures that the user has dropped from the journal."""
        if self._failed:
            for path in self._failed - self._journal.failed():
                self._known.pop(path, None)
                self._failed.discard(path)
                drop_error(self.pair, path)

    def _see(self, path: Path, stamp: Stamp | None, now: float, whole: bool) -> None:
        if stamp is None or self._known.get(path) == str(stamp):
            self._settling.forget(path)
        else:
            self._settling.see(path, stamp, now, whole)

    def _candidates(self, batch: dict[Path, Stamp]) -> list[Source | Failed]:
        """What of ``batch`` is an image; the rest is known from now on, and left alone."""
        found: list[Source | Failed] = []
        for path, stamp in batch.items():
            source = Source(path, path.relative_to(self.pair.source), self.pair.source)
            if candidate := as_candidate(source):
                found.append(candidate)
            else:
                self._known[path] = str(stamp)
        return found

    def _results(
        self, found: Sequence[Source | Failed], upscaler: Enlarger, stop: threading.Event
    ) -> Iterator[JobResult]:
        options, say = self.pair.options, self.listener.say
        for plan in self._plans(found, upscaler.model):
            yield from engine.run(plan, upscaler, options, self._step, stop, self.load, say)

    def _step(self, pixels: int) -> None:
        self.listener.alive()

    def _plans(self, found: Sequence[Source | Failed], model: str) -> Iterator[Plan]:
        """One plan for all, or one each where two of them would write one output."""
        output, options = str(self.pair.output), self.pair.options
        try:
            yield plan_sources(found, output, options, model, self.listener.say, self.load)
        except OutputCollision:
            for each in found:
                try:
                    yield plan_sources([each], output, options, model, self.listener.say, self.load)
                except OutputCollision as error:
                    name = str(each.path if isinstance(each, Source) else each.input)
                    yield Plan((), (Failed(name, None, str(error)),))

    def _settle(self, path: Path, stamp: Stamp, result: JobResult) -> None:
        """Remember ``result`` and act on the source, or try it again later."""
        notes: tuple[str, ...] = ()
        if isinstance(result, Failed):
            if stamp_of(path) != stamp:
                return  # gone or another by now, which is seen by itself
            if self._try_again(path, stamp, result):
                return
            attempts = self._attempts.count(path, stamp)
            notes = tell_error(self.pair, path, result.error, attempts, self.clock.wall())
            self._failed.add(path)
        else:
            drop_error(self.pair, path)
            self._failed.discard(path)
        self._known[path] = str(stamp)
        status: Status = "failed" if isinstance(result, Failed) else "done"
        self._settled.append((path, stamp, result, self._outcome(path, stamp, status, result)))
        self._attempts.forget(path)
        for note in notes:
            self.listener.say(note, "note: ")

    def _record_settled(self) -> None:
        """Record what is settled, then tell of it and act on the sources.

        Many at a time: making each durable by itself takes longer than enlarging a thumbnail.
        """
        self._journal.record({path: outcome for path, _, _, outcome in self._settled})
        self._recorded = self.clock.now()
        settled, self._settled = self._settled, []
        for path, stamp, result, _ in settled:
            self.listener.add(result)
            for note in act(self.pair, path, stamp, result):
                self.listener.say(note, "note: ")

    def _try_again(self, path: Path, stamp: Stamp, result: Failed) -> bool:
        """Whether ``result`` may pass: what is young may still be written, room may be made."""
        if result.cause == "disk":
            self._settling.later(path, stamp, self.clock.now() + self._pause)
            return True
        age = self.clock.wall() - stamp.modified / 1e9
        pause = self._attempts.add(path, stamp, result.cause, age)
        if pause is None:
            return False
        self._settling.later(path, stamp, self.clock.now() + pause)
        self.listener.say(f"{result.error}; tried again in {pause:.0f} s", "waiting: ")
        self._journal.record({path: self._outcome(path, stamp, "waiting", result)})
        return True

    def _outcome(self, path: Path, stamp: Stamp, status: Status, result: JobResult) -> Outcome:
        return Outcome(
            stamp=str(stamp),
            status=status,
            error=result.error if isinstance(result, Failed) else "",
            attempts=self._attempts.count(path, stamp),
            pixels=result.input_size.pixels if isinstance(result, Done) else 0,
            finished=self.clock.wall(),
        )

    def _rest(self, why: str) -> None:
        self.listener.say(why, "stopped: ")
        self._not_before = self.clock.now() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
