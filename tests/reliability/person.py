"""A person who works in the folders of a watch, by chance, and who knows what must not be lost."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.reliability.folders import Folders
from tests.reliability.later import Later
from tests.reliability.notes import Notes
from tests.reliability.output_acts import OutputActs
from tests.reliability.sidecar_acts import SidecarActs
from tests.reliability.source_acts import SourceActs


class Person:
    """Works in ``in`` and ``out`` below ``folder``, and never destroys anything without noting it.

    Attributes:
        folder: Holds the folders of the watch, and one of the person's own.
        notes: What the person put there, changed and saw.
        events: How often each thing was done.
        lock: Is held while the person does anything.
        later: Goes on with what was begun.
    """

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self.notes = Notes()
        self.events: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.later = Later(chance, self.lock, self.notes.faults)
        self._chance = chance
        self._acts = _acts(Folders(folder, chance, self.notes), self.later)

    def act(self, seconds: float) -> None:
        """Do things for some time. On a slow machine it is longer, and all takes its time."""
        end = time.monotonic() + seconds * self.later.pace
        while time.monotonic() < end:
            with self.lock:
                self._act()
            time.sleep(self._chance.uniform(0, 0.1) * self.later.pace)

    def finish(self) -> None:
        """End all that was begun, and stop."""
        self.later.finish()

    def _act(self) -> None:
        act = self._chance.choices(list(self._acts), list(self._acts.values()))[0]
        if act():
            self.events[act.__name__.replace("_", " ")] += 1


def _acts(folders: Folders, later: Later) -> dict[Callable[[], bool], float]:
    """What a person may do, and how likely it is. A seed repeats a day only in this order."""
    sources = SourceActs(folders, later)
    sidecars = SidecarActs(folders)
    outputs = OutputActs(folders, later)
    return {
        sources.bring: 4,
        sources.bring_again: 3,
        sources.bring_the_same_again: 2,
        sources.rewrite_at_work: 3,
        sources.write_slowly: 2,
        sources.preallocate: 1,
        sources.bring_broken: 1,
        sources.edit_in_place: 2,
        sources.touch: 1,
        sources.rename: 1,
        sources.bring_tree: 1,
        sources.take_tree: 1,
        outputs.edit_output: 2,
        outputs.take_output: 1,
        outputs.empty_output: 0.5,
        outputs.put_into_out: 0.3,
        sidecars.put_sidecar: 3,
        outputs.edit_copy: 0.3,
    }
