"""R1 and R6: the real tool over files of every kind. Good ones are enlarged, bad ones refused."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sr_batch.batch.unread_formats import unread_kind
from sr_batch.codec import SUFFIXES
from tests.cli.conftest import Finished, finish, start
from tests.corpus.judge import decoded, faults
from tests.corpus.table import READ, REFUSED, write
from tests.reliability.evidence import Trace, leftovers, traces

NOT_READ = {name for name in REFUSED if unread_kind(Path(name))}  # by their suffix
FAILED = REFUSED.keys() - NOT_READ
COMMAND = ("upscale", "in", "--model", "espcn", "--device", "cpu", "--json")


@dataclass(frozen=True)
class Runs:
    """Two runs over the corpus, one after the other.

    Attributes:
        folder: Where they ran.
        first: What the first left.
        second: What the second left.
        before: The corpus before them.
        between: The outputs of the first.
    """

    folder: Path
    first: Finished
    second: Finished
    before: dict[Path, Trace]
    between: dict[Path, Trace]

    def outputs(self) -> dict[str, Path]:
        """By the names of their inputs."""
        return {
            Path(result["input"]).name: self.folder / result["output"]
            for result in self.first.results
            if result["status"] == "done"
        }


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("corpus")
    write(folder / "in")
    before = traces(folder / "in")
    first = finish(start(*COMMAND, cwd=folder))
    between = traces(folder / "in_sr")
    second = finish(start(*COMMAND, cwd=folder))
    return Runs(folder, first, second, before, between)


def test_every_file_has_a_result(runs: Runs) -> None:
    print(f"the corpus: {len(READ)} good files, {len(REFUSED)} bad ones: {runs.first.summary}")
    assert runs.first.code == 3
    assert {Path(result["input"]).name for result in runs.first.results} == READ.keys() | REFUSED
    assert runs.first.summary["done"] == len(READ)
    assert runs.first.summary["failed"] == len(FAILED)
    assert runs.first.summary["skipped"] == len(NOT_READ) > 0


def test_every_good_file_is_enlarged_truly(runs: Runs) -> None:
    wrong = {name: faults(path, READ[name]) for name, path in runs.outputs().items()}
    assert {name: what for name, what in wrong.items() if what} == {}


def test_every_bad_file_is_one_line(runs: Runs) -> None:
    lines = [line for line in runs.first.err.splitlines() if line.startswith("failed: ")]
    assert len(lines) == len(FAILED)
    for name, row in REFUSED.items():
        if name in NOT_READ:
            assert unread_kind(Path(name)) in runs.first.err.splitlines()[-1]
            continue
        (line,) = (line for line in lines if line.startswith(f"failed: in/{name}: "))
        said = line.removeprefix(f"failed: in/{name}: ")
        assert re.match(row.because, said) or re.search(rf"\b{row.because}", said), line


def test_other_lines_are_few(runs: Runs) -> None:
    others = [line for line in runs.first.err.splitlines() if not line.startswith("failed: ")]
    *notes, summary = others
    assert all(line.startswith("note: ") for line in notes)
    assert len(notes) == len(set(notes)) < 45
    assert re.match(r"\d+ images: \d+ done, \d+ skipped \(.*\), \d+ failed in ", summary)


def test_bad_files_have_no_outputs(runs: Runs) -> None:
    assert set(runs.between) == set(runs.outputs().values())
    assert leftovers(runs.folder) == []


def test_the_originals_are_untouched(runs: Runs) -> None:
    assert traces(runs.folder / "in") == runs.before


def test_a_second_run_does_nothing(runs: Runs) -> None:
    counts: dict[str, Any] = runs.second.summary
    assert (counts["skipped"], counts["failed"]) == (len(READ) + len(NOT_READ), len(FAILED))
    assert runs.second.code == 3
    assert traces(runs.folder / "in_sr") == runs.between


def holds(name: str) -> tuple[str, ...]:
    """The formats that hold several pictures in the way of this file: as pages, or as frames."""
    return ("tif",) if name.endswith(".tif") else ("gif", "png", "webp")


@pytest.mark.soak
@pytest.mark.parametrize("kind", sorted(SUFFIXES))
def test_every_good_file_is_written_in_every_format(kind: str, tmp_path: Path) -> None:
    fitting = {name: row for name, row in READ.items() if row.frames == 1 or kind in holds(name)}
    for name, row in fitting.items():
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / name).write_bytes(row.make())
    before = traces(tmp_path / "in")
    run = finish(start(*COMMAND, "--format", kind, "--verify", cwd=tmp_path))
    assert Counter(result["status"] for result in run.results) == {"done": len(fitting)}
    for result in run.results:
        height, width = READ[Path(result["input"]).name].shows.shape[:2]
        enlarged = decoded(tmp_path / result["output"])
        assert enlarged.shape[:2] == (2 * height, 2 * width)
    assert traces(tmp_path / "in") == before
