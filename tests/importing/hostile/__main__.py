"""Gives every hostile file to ``sr-batch models add``, and prints what it said and what it took.

``python -m tests.importing.hostile`` takes them all, and with words those whose names have one of
them. Exits with 1 if one was not refused as it must be.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.importing.hostile.case import Case
from tests.importing.hostile.every import CASES


class Outcome(NamedTuple):
    """What the command did. ``memory`` is the most of one process, in bytes.

    ``seconds`` depend on what else the machine does, ``processor`` seconds hardly.
    """

    code: int
    said: str
    seconds: float
    processor: float
    memory: int


def main(words: Sequence[str]) -> int:
    chosen = [case for case in CASES if not words or any(word in case.name for word in words)]
    faults = 0
    for case in chosen:
        with tempfile.TemporaryDirectory() as folder:
            outcome, wrong = tried(case, Path(folder))
        faults += bool(wrong)
        print(_line(case, outcome, wrong), flush=True)
    print(f"{len(chosen) - faults} of {len(chosen)} are refused as they must be")
    return 1 if faults else 0


def _line(case: Case, outcome: Outcome, wrong: str) -> str:
    return (
        f"{'WRONG: ' + wrong if wrong else 'refused':8} {outcome.seconds:5.1f} s"
        f" {outcome.processor:5.1f} s of processor {outcome.memory >> 20:5} MiB  {case.name}\n"
        f"    {outcome.said}"
    )


def tried(case: Case, folder: Path) -> tuple[Outcome, str]:
    """What the command did with a file, and what is wrong with that."""
    (folder / "input").mkdir()
    source = case.make(folder / "input")
    outcome = added(source, folder / "data")
    return outcome, fault_of(case, outcome, source, folder / "data")


def added(source: Path, data: Path) -> Outcome:
    command = [sys.executable, "-m", "sr_batch", "models", "add", str(source)]
    started = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            stdout=said,
            stderr=said,
            env=os.environ | {"XDG_DATA_HOME": str(data)},
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    seconds = time.monotonic() - started
    processor = used.ru_utime + used.ru_stime
    return Outcome(process.returncode, text.strip(), seconds, processor, used.ru_maxrss << 10)


def fault_of(case: Case, outcome: Outcome, source: Path, data: Path) -> str:
    """What is wrong, empty if nothing is."""
    last = outcome.said.splitlines()[-1] if outcome.said else ""
    kept = [path for path in data.rglob("*") if path.is_file() and path.name != ".lock"]
    wrong = {
        "exit code": outcome.code != 2,
        "words": not re.search(case.words, last),
        "name": str(source) not in last,
        "codes": not all(char.isprintable() for char in last),
        "kept": bool(kept),
        "lines": any(not re.search(": (reading|measuring)", each) for each in said_before(outcome)),
        "memory": outcome.memory > 3 << 30,
    }
    return ", ".join(name for name, holds in wrong.items() if holds)


def said_before(outcome: Outcome) -> list[str]:
    return outcome.said.splitlines()[:-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
