"""Runs the tool as users do: a real process in an empty folder, with the exported models."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]

# One thread, and no GPU even if there is one: the same results on every machine.
ENVIRONMENT: dict[str, str] = os.environ | {
    "PYTHONPATH": str(ROOT),
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "XDG_CONFIG_HOME": "/nonexistent",  # not the settings of the user who runs the tests
    "XDG_DATA_HOME": "/nonexistent",  # nor the models
}


@dataclass(frozen=True)
class Finished:
    """The exit code and output of a process."""

    code: int
    out: bytes
    err: str

    @property
    def results(self) -> list[dict[str, Any]]:
        """The JSON objects on standard output, without the last one."""
        return [json.loads(line) for line in self.out.splitlines()][:-1]

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return summary


def start(
    *arguments: str | Path, cwd: Path, limit: Callable[[], None] | None = None
) -> subprocess.Popen[bytes]:
    """Start ``sr-batch`` with pipes on all three streams; ``limit`` runs first in the child."""
    return subprocess.Popen(
        [sys.executable, "-m", "sr_batch", *map(str, arguments)],
        cwd=cwd,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # what a test reads line by line takes nothing away from `finish`
        preexec_fn=limit,
    )


def finish(process: subprocess.Popen[bytes], data: bytes | None = None) -> Finished:
    """Wait for the end. No mistake of a user may show a traceback."""
    out, err = process.communicate(data, timeout=120)
    text = err.decode(errors="surrogateescape")
    assert "Traceback" not in text
    return Finished(process.returncode, out, text)


Tool = Callable[..., Finished]
Starter = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """Run ``sr-batch`` with these arguments in ``tmp_path`` and wait for it."""

    def run(*arguments: str | Path, data: bytes | None = None) -> Finished:
        return finish(start(*arguments, cwd=tmp_path), data)

    return run


@pytest.fixture
def started(tmp_path: Path) -> Starter:
    """Start ``sr-batch`` with these arguments in ``tmp_path``."""

    def run(*arguments: str | Path) -> subprocess.Popen[bytes]:
        return start(*arguments, cwd=tmp_path)

    return run


Photo = Callable[..., Path]


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    """Write a small picture under ``tmp_path``. Every name has its own pixels."""

    def write(name: str, size: tuple[int, int] = (24, 16), mode: str = "RGB") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = np.frombuffer(os.fsencode(name), np.uint8).tolist()
        noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
        Image.fromarray(noise).convert(mode).save(path)
        return path

    return write


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a picture, after decoding all of it."""
    with Image.open(path) as image:
        image.load()
        return image.size
