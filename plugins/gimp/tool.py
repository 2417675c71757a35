"""Starts the installed sr-batch and reads what it says. Standard library only.

The installer records the command's path in ``command.txt`` beside this file.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_RECORD = Path(__file__).with_name("command.txt")
_REINSTALL = "run `sr-batch plugin install gimp` in a terminal"
_PREFIX = "sr-batch-gimp-"
_DAY = 24 * 60 * 60
# GIMP points these at its own libraries; the tool's Python has others.
_NOT_OURS = ("GI_TYPELIB_PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")
_PR_SET_PDEATHSIG = 1
# GIMP has the picture already: a limit against bombs has nothing to guard.
_NO_LIMIT = str(2**62)


class Trouble(Exception):
    """What went wrong and how to mend it, in one line that is shown to the user as it is."""


@dataclass(frozen=True)
class Wish:
    """What the user asked of the network; the fields are those of ``sr-batch upscale``."""

    model: str
    scale: float
    mode: str
    self_ensemble: bool = False


def upscale(source: Path, target: Path, wish: Wish, told: Callable[[float], object]) -> None:
    """Enlarge the PNG ``source`` into the PNG ``target``.

    Args:
        source: In a folder that is ours alone; a file is written beside it.
        target: Is not there yet.
        wish: How.
        told: Given what is done, 0 to 1, as the work goes on.

    Raises:
        Trouble: it could not be done.
    """
    # The dialog is the whole truth: defaults of the command line have no say.
    config = source.with_name("config.toml")
    config.touch()
    said = source.with_name("said.txt")
    options = [f"--model={wish.model}", f"--scale={wish.scale!r}", f"--mode={wish.mode}"]
    options += ["--self-ensemble"] * wish.self_ensemble
    fixed = [f"--config={config}", "--format=png", f"--max-pixels={_NO_LIMIT}"]
    files = [f"--output={target}", "--", str(source)]
    arguments = ["upscale", "--json", "--progress", *options, *fixed, *files]
    error = ""
    with said.open("w") as errors, _started(arguments, errors) as run:
        for record in _records(run):
            if "progress" in record:
                told(record["progress"])
            error = record.get("error", error)
    if run.returncode:
        raise Trouble(_plain(error or _last_line(said), source))


def models() -> list[dict[str, Any]]:
    """What ``sr-batch models list --json`` says of every network.

    Raises:
        Trouble: sr-batch does not run.
    """
    with tempfile.TemporaryFile("w+") as errors:
        with _started(["models", "list", "--json"], errors) as run:
            found = list(_records(run))
        errors.seek(0)
        if run.returncode:
            raise Trouble(f"sr-batch does not run: {errors.read().strip()[-200:]}; {_REINSTALL}")
    return found


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the files in work, gone at the end.

    Cancel kills this process, and its folder stays: the next one removes it.
    """
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if _is_left(old):
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        yield Path(folder)


def _is_left(folder: Path) -> bool:
    """Whether the process that made ``folder`` has ended."""
    if sys.platform == "win32":  # there the question would end it
        return time.time() - folder.stat().st_mtime > _DAY
    try:
        os.kill(int(folder.name.removeprefix(_PREFIX).split("-")[0]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return False


def _started(arguments: list[str], errors: Any) -> "subprocess.Popen[str]":
    command = _command()
    environment = {name: text for name, text in os.environ.items() if name not in _NOT_OURS}
    try:
        return subprocess.Popen(
            [command, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            preexec_fn=_dies_with_us() if sys.platform == "linux" else None,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        why = error.strerror or str(error)
        raise Trouble(f"sr-batch cannot be run from {command} ({why}): {_REINSTALL}") from error


def _records(run: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    """The JSON objects that ``run`` writes, as they come."""
    assert run.stdout
    for line in run.stdout:
        if line.endswith("\n"):  # not what a killed one has left
            yield json.loads(line)


def _command() -> str:
    try:
        return _RECORD.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Trouble(f"the plug-in does not know where sr-batch is: {_REINSTALL}") from error


def _dies_with_us() -> Callable[[], None]:
    """For a child: GIMP ends a plug-in by a kill, which the child would not notice."""
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it was ended from outside"


def _plain(text: str, source: Path) -> str:
    """The words of an error without what is of no use in a window."""
    return text.removeprefix("sr-batch: ").replace(str(source), "the picture")
