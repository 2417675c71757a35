"""A day of a watch, compressed: a person works in its folders while it is killed again and again.

``python -m tests.reliability.day FIRST DAYS ROUNDS [AFTER ...]`` lives ``DAYS`` days, numbered from
``FIRST`` on, with one ``--after`` after the other, and stops at the first that has a fault. The
folder of that day stays.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sr_batch.batch.sidecars import pictures_of, sidecar_pairs
from sr_batch.files.reading import stamp_of
from sr_batch.watch.journal import Journal, Outcome
from tests.cli.conftest import ENVIRONMENT
from tests.reliability.coded import FORMATS, number_in
from tests.reliability.notes import Picture, digest
from tests.reliability.person import Person

AFTER = ("keep", "move", "delete")
_OPTIONS = ("--model", "espcn", "--device", "cpu", "--settle", "0.3", "--rescan", "1", "--json")
_PATIENCE = 120.0  # seconds in which nothing new is found to be finished
_PATIENCE_AT_START = 300.0
_USUAL_START = 2.0
_SLOWEST = 10.0
_LAST_SCANS = 5.0
_ISOLATED = 0.2  # of the watches: they start decoder processes, which takes most of the time


@dataclass(frozen=True)
class Lived:
    """What happened on a day.

    Attributes:
        faults: What must not be; empty on a good day.
        events: How often the person did each thing.
        kills: How often the watch was killed.
        pictures: Contents that lay in the watched folder.
    """

    faults: tuple[str, ...]
    events: Counter[str]
    kills: int
    pictures: int


def live(folder: Path, number: int, after: str, rounds: int) -> Lived:
    """Live the day ``number`` in ``folder``, with ``rounds`` starts of the watch."""
    chance = random.Random(f"{number} {after}")
    person = Person(folder, chance)
    kills = 0
    for _ in range(rounds):
        kill = chance.random() < 0.9
        kills += kill
        options = () if chance.random() < _ISOLATED else ("--no-isolate",)
        end = signal.SIGKILL if kill else signal.SIGTERM
        with _watch(folder, after, end, *options) as process:
            if chance.random() < 0.8 or not kill:
                seconds = _wait_for_lock(folder, process)
                person.later.pace = min(max(seconds / _USUAL_START, 1), _SLOWEST)
            person.act(chance.uniform(0.2, 5))
            if chance.random() < 0.3:
                _settle(person, after, 10)
        person.act(chance.choice((0, 0, 0.5)))
    with _watch(folder, after, signal.SIGTERM, "--no-isolate") as process:
        _wait_for_lock(folder, process)
        person.finish()
        time.sleep(_LAST_SCANS)
        _settle(person, after, _PATIENCE)
    return Lived(tuple(_check(person, after)), person.events, kills, len(person.notes.pictures))


@contextmanager
def _watch(folder: Path, after: str, end: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A running watch, which gets the signal ``end`` when the block is left."""
    command = [sys.executable, "-m", "tests.reliability.quick_watch", "watch", "in", "-o", "out"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, *_OPTIONS, "--after", after, *options],
            cwd=folder,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
        assert process.poll() is None, "the watch has ended by itself"
        process.send_signal(end)
        code = process.wait(60)
        assert code == (0 if end == signal.SIGTERM else -end), f"the watch ended with {code}"
    finally:
        process.kill()
        process.wait()


def _wait_for_lock(folder: Path, process: subprocess.Popen[bytes]) -> float:
    """Wait until a watch has the lock. Returns the seconds that this took."""
    begin = time.monotonic()
    place = folder / "out" / ".sr-batch" / "watch.pid"
    deadline = begin + _PATIENCE_AT_START
    while not place.exists() or place.read_text().strip() != str(process.pid):
        assert process.poll() is None, "the watch has ended by itself"
        assert time.monotonic() < deadline, "the watch does not start"
        time.sleep(0.05)
    return time.monotonic() - begin


def _settle(person: Person, after: str, patience: float) -> None:
    """Wait until everything is as it must be in the end, or nothing more happens."""
    faults, deadline = _check(person, after), time.monotonic() + patience
    while faults and time.monotonic() < deadline:
        time.sleep(0.5)
        before, faults = faults, _check(person, after)
        if len(faults) < len(before):
            deadline = time.monotonic() + patience


@dataclass(frozen=True)
class _Found:
    """What lies in the folders of a day, and what the journal says.

    Attributes:
        places: Every file outside ``out``, by the digest of its content.
        outputs: The outputs in ``out`` that nobody changed, by their number.
        copies: The sidecars in ``out`` with their content.
        mine: The files of the person in ``out`` with their content.
        entries: The outcome of each file in ``in`` and ``in_failed``.
    """

    places: dict[str, list[Path]]
    outputs: dict[int, list[Path]]
    copies: dict[Path, bytes]
    mine: dict[Path, bytes]
    entries: dict[Path, Outcome]


def _check(person: Person, after: str) -> list[str]:
    """What is not as it must be, once the watch has nothing left to do."""
    with person.lock:
        return _check_alone(person, after)


def _check_alone(person: Person, after: str) -> list[str]:
    faults = list(person.notes.faults)
    found = _find(person, faults)
    for key, picture in person.notes.pictures.items():
        if key not in person.notes.overwritten:
            faults += _faults_of(person, after, picture, found.places.get(key, []), found)
    for key, word in person.notes.sidecars.items():
        gone = not found.places.get(key) and key not in person.notes.overwritten
        if gone and not (after == "delete" and _is_copied(word, found)):
            faults.append(f"the sidecar with {word} is gone")
    for name, data in person.notes.mine.items():
        if found.mine.get(name) != data:
            faults.append(f"{name}, which the person wrote, is gone or another file")
    return faults


def _find(person: Person, faults: list[str]) -> _Found:
    folder = person.folder
    places: dict[str, list[Path]] = {}
    for name in ("in", "in_done", "in_failed", "aside"):
        for path, data in _contents(folder / name).items():
            places.setdefault(digest(data), []).append(path)
    outputs: dict[int, list[Path]] = {}
    written = _contents(folder / "out")
    for path, data in written.items():
        if path.suffix not in FORMATS or path in person.notes.mine:
            continue
        if not data and path in person.notes.emptied:
            continue
        if (number := number_in(data)) is None:
            faults.append(f"{path} is not a whole output")
        else:
            outputs.setdefault(number, []).append(path)
    copies = {path: data for path, data in written.items() if path.suffix == ".xmp"}
    mine = {path: data for path, data in written.items() if path in person.notes.mine}
    return _Found(places, outputs, copies, mine, _entries(folder))


def _contents(folder: Path) -> dict[Path, bytes]:
    """Every file below ``folder`` with its content; the watch may take some away meanwhile."""
    found = {}
    for here, _, names in os.walk(folder):
        for name in names:
            if not name.startswith(".") and ".sr-batch" not in Path(here).parts:
                with suppress(FileNotFoundError):
                    found[Path(here, name)] = Path(here, name).read_bytes()
    return found


def _entries(folder: Path) -> dict[Path, Outcome]:
    journal = Journal(folder / "out", lambda text: None)
    entries = {
        path: outcome
        for path, outcome in journal.all().items()
        if outcome.stamp == str(stamp_of(path))
    }
    return entries | {each.place: each.outcome for each in journal.removed() if each.place}


def _faults_of(
    person: Person, after: str, picture: Picture, places: list[Path], found: _Found
) -> list[str]:
    """What is wrong with one content, of which copies lie in ``places``."""
    folder, name = person.folder, f"picture {picture.number} ({', '.join(sorted(picture.names))})"
    where = {path.relative_to(folder).parts[0] for path in places}
    if "aside" in where:
        return []  # the person has it
    outputs = found.outputs.get(picture.number, [])
    if not places and (after != "delete" or not picture.good):
        return [f"{name} is gone"]
    if not picture.good:
        right = "in_done" not in where and all(_has_failed(path, found) for path in places)
        return [] if right else [f"{name} is broken and has no failed entry: {places}"]
    if len(outputs) > len(picture.names):
        return [f"{name} has several outputs: {outputs}"]
    pictures = [path for path in places if path.is_relative_to(folder / "in")]
    if any(
        path not in found.entries or found.entries[path].status == "waiting" for path in pictures
    ):
        return [f"{name} is not finished: {places}"]
    if not outputs and picture.number not in person.notes.made:
        kept = [path for path in places if _has_failed(path, found, "kept")]
        return [] if kept else [f"{name} has no output and no failed entry: {places}"]
    if len(outputs) == len(places) == 1:
        return _faults_of_sidecars(person, places[0], outputs[0], found)
    return []


def _faults_of_sidecars(person: Person, source: Path, output: Path, found: _Found) -> list[str]:
    """Sidecars beside ``source`` of which ``output`` has no copy."""
    faults = []
    beside = {path: key for key, paths in found.places.items() for path in paths}
    for sidecar, copy in sidecar_pairs(source, output):
        word = person.notes.sidecars.get(beside.get(sidecar, ""))
        neighbours = [path for path in beside if path.parent == sidecar.parent]
        alone = len(pictures_of(sidecar, neighbours)) == 1
        if word is None or not alone or copy in person.notes.mine:
            continue
        if word.encode() not in found.copies.get(copy, b""):
            faults.append(f"{copy} is not a copy of {sidecar} with {word}")
    return faults


def _has_failed(path: Path, found: _Found, why: str = "") -> bool:
    entry = found.entries.get(path)
    return entry is not None and entry.status == "failed" and why in entry.error


def _is_copied(word: str, found: _Found) -> bool:
    return any(word.encode() in data for data in found.copies.values())


def main(first: int, days: int, rounds: int, all_after: Sequence[str]) -> int:
    """Live ``days`` days with each of ``all_after``; 1 if one of them had a fault."""
    events: Counter[str] = Counter()
    kills = pictures = 0
    for number in range(first, first + days):
        for after in all_after:
            folder = Path(tempfile.mkdtemp(prefix=f"day-{number}-{after}-"))
            lived = live(folder, number, after, rounds)
            events, kills = events + lived.events, kills + lived.kills
            pictures += lived.pictures
            print(
                f"day {number} --after {after}: {lived.events.total()} events, {lived.kills} kills,"
                f" {lived.pictures} pictures, {len(lived.faults)} faults; in all {events.total()},"
                f" {kills}, {pictures}",
                flush=True,
            )
            if lived.faults:
                print(*lived.faults, f"see {folder}", sep=os.linesep, flush=True)
                return 1
            shutil.rmtree(folder)
    print(*(f"{count:6} {name}" for name, count in events.most_common()), sep=os.linesep)
    return 0


if __name__ == "__main__":
    first, days, rounds = map(int, sys.argv[1:4])
    sys.exit(main(first, days, rounds, sys.argv[4:] or AFTER))
