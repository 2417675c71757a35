"""The tool as a process, with the time and the memory it took."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Of one finished process."""

    seconds: float
    peak_bytes: int


def run_tool(*arguments: str) -> Cost:
    """Run ``sr-batch`` with ``arguments`` and wait for it.

    Raises:
        RuntimeError: it did not exit with 0.
    """
    command = [sys.executable, "-m", "sr_batch", *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}")
    return Cost(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
