"""Exports a PyTorch network to a plain ONNX file, by whichever exporter gets it right.

No exporter is right for all networks. The one that traces is quick, and silently wrong at other
sizes than the traced one for some networks. The one that captures the program takes minutes, and
crashes on some. So each attempt is made by a process of its own, is compared with torch at three
sizes, and the last attempt is a network for one size of window only.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sr_batch.core.errors import ImportRefused
from sr_batch.core.installing import pip
from sr_batch.importing.kinds import kind_of

_CHILD = "sr_batch.importing.weights.child"
_NEEDED = ("torch", "spandrel", "safetensors", "onnxscript")
ATTEMPTS: Mapping[str, int] = {"traced": 240, "captured": 400, "window": 240}
"""Name of an attempt -> the seconds of processor time that it may take."""

_OUT_OF_TIME = getattr(signal, "SIGXCPU", 1000)  # Windows has no such signal
_MOST_SAID = 200  # letters
_PATIENCE = 3  # a busy machine takes a multiple of the processor time


@dataclass(frozen=True)
class Converted:
    """How a network was exported.

    Attributes:
        architecture: Its name, for instance ``SwinIR``.
        scale: Output side / input side, as its weights tell.
        multiple: The input's sides must be divisible by this.
        attempt: ``traced``, ``captured`` or ``window``.
    """

    architecture: str
    scale: int
    multiple: int
    attempt: str


def convert(source: Path, target: Path) -> Converted:
    """Write the network of the state dict in ``source`` to the ONNX file ``target``.

    Input and output are float32 (N, C, H, W), 0..1. ``target`` only exists afterwards if the
    exported network agrees with torch.

    Raises:
        ImportRefused: the extra ``convert`` is missing; the file holds no state dict of a network
            that spandrel knows; no attempt agreed with torch.
    """
    kind_of(source)
    require_extra(source)
    failures = []
    for attempt, seconds in ATTEMPTS.items():
        answer = _ask(source, target, attempt, seconds)
        if "refused" in answer:
            raise ImportRefused(f"{source}: {answer['refused']}")
        if "failed" not in answer:
            scale, multiple = int(answer["scale"]), int(answer["multiple"])
            return Converted(answer["architecture"], scale, multiple, attempt)
        failures.append(f"{attempt}: {answer['failed']}")
    raise ImportRefused(
        f"{source}: it cannot be exported to ONNX ({'; '.join(failures)}): if there is an ONNX file"
        " of it, take that one"
    )


def require_extra(source: Path) -> None:
    """Check that the libraries are there.

    Raises:
        ImportRefused: one is missing; the message says how to install it.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ImportRefused(
            f"{source}: the conversion of PyTorch weights needs {', '.join(missing)}; to install"
            f" what is missing: {pip('install', *missing)}"
        )


def _ask(source: Path, target: Path, attempt: str, seconds: int) -> Mapping[str, str]:
    """What the child says of one attempt; ``target`` is written if it worked."""
    part = target.with_name(target.name + ".part")
    # -P: the current folder may have a torch.py, downloaded with the network.
    command = [sys.executable, "-P", "-m", _CHILD, attempt, str(source), str(part), str(seconds)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_PATIENCE * seconds, check=False
        )
        answer = _parsed(done)
        if "failed" not in answer and "refused" not in answer:
            part.replace(target)
        return answer
    except subprocess.TimeoutExpired:
        return {"failed": f"took more than {_PATIENCE * seconds} s"}
    finally:
        part.unlink(missing_ok=True)


def _parsed(done: "subprocess.CompletedProcess[bytes]") -> Mapping[str, str]:
    """The last line of the output is the answer; without one, the child crashed."""
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    try:
        answer = json.loads(lines[-1])
        return {str(key): str(value) for key, value in answer.items()}
    except (IndexError, ValueError, AttributeError):
        return {"failed": _crash(done)}


def _crash(done: "subprocess.CompletedProcess[bytes]") -> str:
    if done.returncode == -_OUT_OF_TIME:
        return "took too long"
    if done.returncode < 0:
        return f"the exporter was ended by signal {-done.returncode}"
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1][:_MOST_SAID] if lines else f"the exporter ended with code {done.returncode}"
