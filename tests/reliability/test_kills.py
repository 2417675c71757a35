"""R4 and R6: a run killed at any moment leaves whole files, and the next one completes it."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.codec.pictures import xmp_packet
from tests.corpus.judge import decoded
from tests.fakes import save_picture
from tests.reliability.evidence import Trace, files, traces
from tests.reliability.processes import (
    Command,
    Forks,
    Process,
    Starter,
    is_alive,
    session,
    summary,
)

ARGUMENTS = ("upscale", "in", "--model", "espcn", "--device", "cpu", "--json")
SUFFIXES = (".png", ".jpg", ".tif", ".webp", ".bmp")
IMAGES = 20
WITH_METADATA = 5
PATIENCE = 15.0  # seconds until all processes of a killed run must be gone, even on a busy machine
HARMS: tuple[Callable[[Path], object], ...] = (Path.unlink, lambda path: os.truncate(path, 0))
ROUNDS = [
    pytest.param(Forks, range(3), id="few"),
    pytest.param(Forks, range(3, 6), id="more", marks=pytest.mark.slow),
    pytest.param(Command, range(100), id="many", marks=pytest.mark.soak),
]


@dataclass
class Round:
    """A batch that is killed again and again.

    Attributes:
        folder: Where it works.
        starter: How it is started.
        chance: Decides when it is killed.
        kills: That met a living process.
    """

    folder: Path
    starter: Starter
    chance: random.Random
    kills: int = 0

    def go(self) -> None:
        """Kill the batch one to three times, damage two outputs, and complete it."""
        before = self._prepare()
        for _ in range(self.chance.randint(1, 3)):
            self._kill()
        kept = self._damage()
        self._complete(kept)
        assert traces(self.folder / "in") == before

    def _prepare(self) -> dict[Path, Trace]:
        for number in range(IMAGES):
            path = self.folder / "in" / f"{number}{SUFFIXES[number % len(SUFFIXES)]}"
            size = (self.chance.randint(20, 90), self.chance.randint(20, 90))
            save_picture(path, number, size)
            if number < WITH_METADATA:
                path.with_suffix(".xmp").write_bytes(xmp_packet())
        return traces(self.folder / "in")

    def _outputs(self) -> dict[Path, Trace]:
        """The pictures only."""
        found = traces(self.folder / "in_sr")
        return {path: trace for path, trace in found.items() if path.suffix in SUFFIXES}

    def _kill(self) -> None:
        """Start the batch and kill it: at a random time, or when some more outputs exist."""
        existing = self._outputs()
        process = self._start()
        if self.chance.random() < 0.3:
            time.sleep(self.chance.uniform(0, 1))
        else:
            self._wait_for(len(existing) + self.chance.randint(1, 12), process)
            time.sleep(self.chance.uniform(0, 0.03))
        self._end(process)
        now = self._outputs()
        assert all(map(_is_whole, files(self.folder / "in_sr")))
        assert {path: now[path] for path in existing} == existing

    def _start(self) -> Process:
        """A fifth of all runs has child processes, which nobody kills."""
        isolated = ["--isolate"] * (self.chance.random() < 0.2)
        return self.starter.start(self.folder, [*ARGUMENTS, *isolated])

    def _wait_for(self, outputs: int, process: Process) -> None:
        def made() -> int:
            try:
                names = os.listdir(self.folder / "in_sr")  # noqa: PTH208
            except FileNotFoundError:
                return 0
            return sum(name.endswith(SUFFIXES) for name in names)

        while made() < outputs and is_alive(process):
            time.sleep(0.002)

    def _end(self, process: Process) -> None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        self.kills += process.wait() == -signal.SIGKILL
        deadline = time.monotonic() + PATIENCE
        while session(process.pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _damage(self) -> dict[Path, Trace]:
        """Delete one output and empty another, if there are any; the traces of the others."""
        existing = self._outputs()
        damaged = self.chance.sample(sorted(existing), min(2, len(existing)))
        harms: tuple[Callable[[Path], object], ...] = (
            Path.unlink,
            lambda path: os.truncate(path, 0),
        )
        for harm, path in zip(harms, damaged, strict=False):
            harm(path)
        return {path: trace for path, trace in existing.items() if path not in damaged}

    def _complete(self, kept: dict[Path, Trace]) -> None:
        """One run makes exactly the missing outputs, and the next one does nothing."""
        counts = self._run()
        after = self._outputs()
        assert counts["done"] == IMAGES - len(kept)
        assert counts["skipped"] == len(kept)
        assert {path: after[path] for path in kept} == kept
        made = files(self.folder / "in_sr")
        assert [path.name for path in made] == [path.name for path in files(self.folder / "in")]
        assert all(map(_is_whole, made))
        assert self._run()["skipped"] == IMAGES
        assert self._outputs() == after

    def _run(self) -> dict[str, Any]:
        assert self._start().wait() == 0
        return summary(self.folder)


@pytest.mark.parametrize(("starter", "rounds"), ROUNDS)
def test_a_killed_run_leaves_whole_files_and_is_completed(
    starter: type[Forks] | type[Command], rounds: range, first: int, tmp_path: Path
) -> None:
    kills = 0
    with starter() as running:
        for number in (first + each for each in rounds):
            print(f"round {number}", flush=True)
            batch = Round(tmp_path / str(number), running, random.Random(number))
            batch.go()
            kills += batch.kills
    print(f"{len(rounds)} rounds from {first + rounds.start}: {kills} kills")
    assert kills >= len(rounds)


def _is_whole(path: Path) -> bool:
    """Whether a file with its final name is whole; hidden files need not be."""
    if path.suffix == ".part":
        return True
    if path.suffix == ".xmp":
        return path.read_bytes().endswith(b'<?xpacket end="w"?>')
    return decoded(path).size > 0
