"""Runs programs as processes, and measures their time and memory."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """The time and peak memory of a finished process."""

    seconds: float
    peak_bytes: int


def run_tool(*arguments: str, code: int = 0) -> Cost:
    """Run ``sr-batch`` with ``arguments`` and wait for it.

    Raises:
        RuntimeError: it did not exit with ``code``.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "peak")
        command = [sys.executable, "-m", "benchmarks.peak", str(report), *arguments]
        started = time.perf_counter()
        ended = subprocess.run(command, capture_output=True, check=False)
        seconds = time.perf_counter() - started
        if ended.returncode != code:
            raise RuntimeError(f"{' '.join(command)}: exit code {ended.returncode}")
        return Cost(seconds, int(report.read_text()))


def run_program(command: Sequence[str]) -> float:
    """Seconds that ``command`` takes. Raises CalledProcessError unless it succeeds."""
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started
