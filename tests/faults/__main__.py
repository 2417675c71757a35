"""Puts faults into a copy of the tree and runs the tests that should notice them.

``python -m tests.faults`` takes them all, ``python -m tests.faults overlap lock`` those whose
names have one of these words. The tests are the quick ones, as ``make test`` runs them. Exits with
1 if a fault was missed or could not be put in.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.table import ROOT, Fault, read_faults

QUICK = "not soak and not slow"
_ALL_PASSED, _SOME_FAILED = 0, 1  # exit codes of pytest
_SECONDS = 300  # a test that hangs has noticed its fault, too
_LEFT_BEHIND = {".git", ".venv", ".venv-tool", "build", "data", "dist", "runs"}


def main(words: Sequence[str]) -> int:
    """Try the faults whose names have one of ``words``, or all; the exit code."""
    faults = [fault for fault in read_faults() if not words or any(w in fault.name for w in words)]
    with tempfile.TemporaryDirectory(prefix="sr-batch-faults-") as folder:
        tree = Path(folder, "tree")
        _copy(tree)
        every = sorted({path for fault in faults for path in fault.tests})
        sound = _run(tree, [*every, "--numprocesses", "auto", "--dist", "worksteal"])
        if sound.returncode != _ALL_PASSED:
            print(f"the tests fail without any fault:\n{sound.stdout}{sound.stderr}")
            return 1
        outcomes = [_try(fault, tree) for fault in faults]
    caught = outcomes.count("caught")
    print(f"{caught} of {len(faults)} faults were caught")
    return 0 if caught == len(faults) else 1


def _copy(tree: Path) -> None:
    """Copy what the tests need, without what was built or downloaded."""

    def left_behind(folder: str, names: list[str]) -> set[str]:
        cached = {name for name in names if name == "__pycache__" or name.endswith("_cache")}
        return cached | (_LEFT_BEHIND & {*names} if Path(folder) == ROOT else set())

    shutil.copytree(ROOT, tree, ignore=left_behind)


def _try(fault: Fault, tree: Path) -> str:
    started = time.perf_counter()
    outcome = _outcome(fault, tree)
    seconds = time.perf_counter() - started
    print(f"{outcome:7} {seconds:6.1f} s  {fault.name} ({fault.file})", flush=True)
    return outcome.split(":")[0]


def _outcome(fault: Fault, tree: Path) -> str:
    try:
        fault.put_into(tree)
        code = _run(tree, fault.tests, _SECONDS).returncode
    except subprocess.TimeoutExpired:
        return "caught: the tests hang"
    except ValueError as error:
        return f"not put in: {error}"
    finally:
        shutil.copyfile(ROOT / fault.file, tree / fault.file)
    # Any other code means that the tests did not run, which proves nothing.
    return {_ALL_PASSED: "missed", _SOME_FAILED: "caught"}.get(code, f"no tests ran: pytest {code}")


def _run(
    tree: Path, arguments: Sequence[str], seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    options = ("-q", "-x", "-p", "no:cacheprovider", "-m", QUICK)
    return subprocess.run(
        [sys.executable, "-B", "-m", "pytest", *options, *arguments],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
