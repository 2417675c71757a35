"""Runs each step of an import in a child process with limits.

The step may read the files it is given and its own folder, has no network, and is killed when it
takes too long. Linux enforces the memory and, if the kernel has Landlock, the files and the
network; other systems enforce the time only.
"""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sr_batch.core.cpu import cores
from sr_batch.core.errors import ImportRefused, SrBatchError, StorageError
from sr_batch.core.results import one_line
from sr_batch.importing.child import ANSWER, too_large

SECONDS = 55.0  # so that a refusal takes less than a minute in all
MEMORY = 2 << 30
# On a machine that is busy with other programs a step may take this many times longer.
_MOST_PATIENCE = 10.0
_MOST_ANSWER = 1 << 20
_OUT_OF_TIME = getattr(signal, "SIGPROF", 1000)  # Windows has no such signal
_MOST_SAID = 200  # letters


def run_step(
    name: str,
    folder: Path,
    request: Mapping[str, Any],
    readable: Collection[Path] = (),
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Any:
    """What the step ``name`` of :mod:`steps` found.

    Args:
        name: Its name.
        folder: The folder it works in.
        request: Its arguments, as JSON takes them.
        readable: Files and folders that it may read.
        seconds: How long it may take on an idle machine.
        memory: Bytes that it may use.

    Raises:
        ImportRefused: the step refuses the file, or ran into a limit; without a file name.
        StorageError: the disk is full.
        SrBatchError: no process can be started.
    """
    (folder / ANSWER).unlink(missing_ok=True)
    # The timer of the child allows twice what is stated. A busy machine computes more slowly.
    processor = seconds * cores() * 0.75
    allowed = {"readable": list(map(str, readable)), "seconds": processor, "memory": memory}
    code, said = _run(name, folder, json.dumps(dict(request) | allowed), seconds * _patience())
    if code == errno.ENOMEM or "bad_alloc" in said:
        raise ImportRefused(too_large(memory))
    if code == -_OUT_OF_TIME:
        raise ImportRefused(_too_slow(seconds))
    if code == errno.ENOSPC:
        raise StorageError(
            f"the disk that holds {folder} is full: free some space, then run the same command"
            " again"
        )
    answer = _answer(folder / ANSWER)
    if answer is None:
        raise ImportRefused(
            f"it ends the process that tries it ({_end_of(code, said)}): if other programs can run"
            " it, export it in another way"
        )
    return found(answer)


def found(answer: Mapping[str, Any]) -> Any:
    """What a child found. Raises ImportRefused, without a file name, if it refuses the file."""
    if "refused" in answer:
        raise ImportRefused(one_line(str(answer["refused"])))  # names in a file may be hostile
    return answer["found"]


def _run(name: str, folder: Path, request: str, seconds: float) -> tuple[int, str]:
    """(exit code, last output). Raises ImportRefused when the time is up."""
    program = [sys.executable, "-P", "-m", "sr_batch.importing.child", name, str(folder), request]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "OPENBLAS_NUM_THREADS": "1",
        "TMPDIR": str(folder),
    }
    try:
        process = subprocess.Popen(
            program,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # so that processes it started end with it
        )
    except OSError as fault:
        raise SrBatchError(f"no process can be started to try it: {fault.strerror}") from fault
    with process:
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as fault:
            raise ImportRefused(_too_slow(seconds)) from fault
        finally:
            _end(process)
    return process.returncode, said.decode("utf-8", "replace")


def _too_slow(seconds: float) -> str:
    return (
        f"it takes more than {seconds:.0f} seconds to try: take a smaller network, or a faster"
        " computer"
    )


def _end_of(code: int, said: str) -> str:
    """The signal that ended a process, or the last line that it said."""
    if code < 0:
        return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    last = said.strip().splitlines()[-1:] or [f"exit code {code}"]
    return one_line(last[0][:_MOST_SAID])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and those that it started."""
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _patience() -> float:
    """How many times longer a step takes because other programs keep the processor busy."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return min(_MOST_PATIENCE, max(1.0, (load + cores()) / cores()))


def _answer(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            answer = json.loads(file.read(_MOST_ANSWER))
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None
