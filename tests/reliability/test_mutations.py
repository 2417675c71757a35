"""R3: thousands of damaged files. Each gives a picture or one line, and in time."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.cli.conftest import ENVIRONMENT, finish, start
from tests.corpus.judge import decoded
from tests.corpus.mutate import mutation
from tests.reliability import fuzz
from tests.reliability.evidence import files, leftovers, traces

COMMAND = ("upscale", "in", "--model", "espcn", "--device", "cpu", "--json")
GOOD = {"read", "refused"}
PROCESSES = 2


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.soak)])
def test_every_mutated_file_is_read_or_refused(first: int, count: int, tmp_path: Path) -> None:
    share = -(-count // PROCESSES)
    with ThreadPoolExecutor(PROCESSES) as pool:
        starts = range(first, first + count, share)
        parts = pool.map(lambda at: _verdicts(at, min(share, first + count - at)), starts)
    verdicts = {number: said for part in parts for number, said in part.items()}
    print(f"mutations {first} to {first + count - 1}: {dict(Counter(verdicts.values()))}")
    assert list(verdicts) == list(range(first, first + count))
    bad = {number: said for number, said in verdicts.items() if said not in GOOD}
    assert not bad, "\n".join(_kept(bad, tmp_path))
    assert {*verdicts.values()} == GOOD


@pytest.mark.parametrize(
    ("count", "isolate"),
    [
        (100, "--no-isolate"),
        pytest.param(1000, "--no-isolate", marks=pytest.mark.soak),
        pytest.param(1000, "--isolate", marks=pytest.mark.soak),
    ],
)
def test_a_folder_of_mutated_files_is_done_or_fails(
    first: int, count: int, isolate: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(first, first + count):
        made = mutation(number)
        (tmp_path / "in" / f"{number}{made.suffix}").write_bytes(made.data)
    before = traces(tmp_path / "in")
    limits = ("--max-pixels", str(fuzz.MAX_PIXELS), isolate)
    run = finish(start(*COMMAND, *limits, cwd=tmp_path))
    counts = run.summary
    print(f"a folder of mutations {first} to {first + count - 1}: {counts}")
    assert run.code == 3
    assert counts["planned"] == counts["done"] + counts["failed"] == count
    assert min(counts["done"], counts["failed"]) > 0

    told = [line for line in run.err.splitlines() if line.startswith("failed: ")]
    assert len(told) == counts["failed"]
    assert all(line.startswith("failed: in/") and line.isprintable() for line in told)
    assert not [line for line in told if "please report" in line]

    done = {tmp_path / r["output"]: r["output_size"] for r in run.results if r["output_size"]}
    sizes = {path: list(decoded(path).shape[1::-1]) for path in done}
    assert sizes == done
    assert set(files(tmp_path / "in_sr")) == set(done)
    assert leftovers(tmp_path) == []
    assert traces(tmp_path / "in") == before


def _verdicts(first: int, count: int) -> dict[int, str]:
    """The verdict on each mutation; if the process dies, the next one starts behind that file."""
    verdicts: dict[int, str] = {}
    while len(verdicts) < count:
        spoken = _process(first + len(verdicts), count - len(verdicts))
        assert spoken
        verdicts |= spoken
    return verdicts


def _process(first: int, count: int) -> dict[int, str]:
    """The verdicts of one `fuzz` process; for the file that ends it, how it ended."""
    command = [sys.executable, "-m", "tests.reliability.fuzz", str(first), str(count)]
    with TemporaryFile() as errors:
        ended = subprocess.run(
            command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=errors, check=False
        )
        errors.seek(0)
        last_words = errors.read().decode(errors="replace").replace("\n", " | ")[-2000:]
    lines = f"{ended.stdout.decode()}ended with {ended.returncode}: {last_words}".splitlines()
    pairs = (line.partition(" ") for line in lines)
    return {int(number): said for number, _, said in pairs if number.isdigit()}


def _kept(bad: Mapping[int, str], folder: Path) -> Iterator[str]:
    """Keep the files with faults, and print how to make them again."""
    for number, said in bad.items():
        made = mutation(number)
        path = folder / f"{number}{made.suffix}"
        path.write_bytes(made.data)
        yield f"{path} ({made.recipe}; python -m tests.corpus.mutate {number} FILE): {said}"
