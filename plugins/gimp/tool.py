"""Runs the installed sr-batch and reads its output. Uses the standard library only.

The installer writes the path of the command to ``command.txt`` beside this file.
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

_COMMAND_FILE = Path(__file__).with_name("command.txt")
_REINSTALL = "run `sr-batch plugin install gimp` in a terminal"
_PREFIX = "sr-batch-gimp-"
_DAY = 24 * 60 * 60
# GIMP sets these for its own libraries, and the Python of sr-batch has others.
_GIMP_ONLY = ("GI_TYPELIB_PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")
_PR_SET_PDEATHSIG = 1
# GIMP has already loaded the picture, so a limit against decompression bombs is of no use.
_NO_LIMIT = str(2**62)


class PluginError(Exception):
    """What went wrong and how to fix it, in one line for the user."""


@dataclass(frozen=True)
class Settings:
    """The network and its options, as of ``sr-batch upscale``."""

    model: str
    scale: float
    mode: str
    self_ensemble: bool = False


def upscale(
    source: Path, target: Path, settings: Settings, on_progress: Callable[[float], object]
) -> None:
    """Enlarge the PNG ``source`` into the PNG ``target``.

    Args:
        source: In a temporary folder, which also gets other files.
        target: Does not exist yet.
        settings: The network and its options.
        on_progress: Called with the finished share, 0 to 1.

    Raises:
        PluginError: sr-batch failed.
    """
    # Only the settings of the dialog count, so an empty file replaces the user's defaults.
    config = source.with_name("config.toml")
    config.touch()
    log = source.with_name("errors.txt")
    options = [
        f"--model={settings.model}",
        f"--scale={settings.scale!r}",
        f"--mode={settings.mode}",
    ]
    options += ["--self-ensemble"] * settings.self_ensemble
    fixed = [f"--config={config}", "--format=png", f"--max-pixels={_NO_LIMIT}"]
    files = [f"--output={target}", "--", str(source)]
    arguments = ["upscale", "--json", "--progress", *options, *fixed, *files]
    error = ""
    with log.open("w") as errors, _started(arguments, errors) as run:
        for record in _records(run):
            if "progress" in record:
                on_progress(record["progress"])
            error = record.get("error", error)
    if run.returncode:
        raise PluginError(_plain(error or _last_line(log), source))


def models() -> list[dict[str, Any]]:
    """Every network, as ``sr-batch models list --json`` prints it.

    Raises:
        PluginError: sr-batch does not run.
    """
    with tempfile.TemporaryFile("w+") as errors:
        with _started(["models", "list", "--json"], errors) as run:
            found = list(_records(run))
        errors.seek(0)
        if run.returncode:
            raise PluginError(
                f"sr-batch does not run: {errors.read().strip()[-200:]}; {_REINSTALL}"
            )
    return found


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder, removed at the end.

    Cancel kills this process and leaves its folder, which the next call removes.
    """
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if _is_abandoned(old):
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        yield Path(folder)


def _is_abandoned(folder: Path) -> bool:
    """Whether the process that made ``folder`` has ended."""
    if sys.platform == "win32":  # os.kill would end the process there
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
    environment = {name: text for name, text in os.environ.items() if name not in _GIMP_ONLY}
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
        raise PluginError(f"cannot run {command} ({why}): {_REINSTALL}") from error


def _records(run: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    """The JSON objects that ``run`` prints, one by one."""
    assert run.stdout
    for line in run.stdout:
        if line.endswith("\n"):  # a killed process may leave an incomplete line
            yield json.loads(line)


def _command() -> str:
    try:
        return _COMMAND_FILE.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise PluginError(f"the plug-in does not know where sr-batch is: {_REINSTALL}") from error


def _dies_with_us() -> Callable[[], None]:
    """Makes the child die with the plug-in, which GIMP kills without notifying the child."""
    prctl, plug_in = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != plug_in:  # it was killed before, and the signal will not come
            os._exit(1)

    return bind


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "sr-batch was ended by another program"


def _plain(text: str, source: Path) -> str:
    """An error message without the prefix and the temporary path."""
    return text.removeprefix("sr-batch: ").replace(str(source), "the picture")
