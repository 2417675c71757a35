"""Decoders for decoder processes: their faults are real, and chosen by the name of the file."""

import ctypes
import fcntl
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from sr_batch import codec
from sr_batch.core.image import Image


def read_pages(data: bytes, name: str, max_pixels: int) -> Iterator[Image]:
    """As the codec, unless the name is one of the faults'."""
    FAULTS.get(Path(name).stem, _behave)()
    yield from codec.read_pages(data, name, max_pixels)


def tell(data: bytes, name: str, max_pixels: int) -> Iterator[Image]:
    """What a test wants to know of this process, as the note of every picture."""
    facts = {"pid": os.getpid(), "modules": sorted(sys.modules)}
    if sys.platform == "linux":
        facts["killed first"] = Path("/proc/self/oom_score_adj").read_text() == "1000\n"
    for image in codec.read_pages(data, name, max_pixels):
        yield replace(image, metadata=replace(image.metadata, note=json.dumps(facts)))


def hold(data: bytes, name: str, max_pixels: int) -> Iterator[Image]:
    """Lock the file ``name`` as long as this process lives, and do what its name says."""
    fcntl.flock(os.open(name, os.O_WRONLY | os.O_CREAT), fcntl.LOCK_EX)
    Path(name).with_suffix(".ready").touch()
    FAULTS.get(Path(name).stem, _behave)()
    yield from codec.read_pages(data, name, max_pixels)


def _behave() -> None:
    """No fault."""


def _spin() -> None:
    while True:
        pass


def _keep_the_lock() -> None:
    """The interpreter's: no other thread runs meanwhile."""
    re.match(r"(a|a?)+$", "a" * 60 + "b")


class _Unspeakable(Exception):
    def __reduce__(self) -> str:
        raise TypeError("cannot be pickled")


def _raise(fault: Exception) -> None:
    raise fault


FAULTS: dict[str, Callable[[], object]] = {
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "exit": lambda: os._exit(7),
    "spin": _spin,
    "sleep": lambda: time.sleep(3600),
    "deaf": _keep_the_lock,
    "bloat": lambda: np.ones(1 << 31, np.uint8),
    "chatter": lambda: os.write(1, bytes(999)),
    "fault": lambda: _raise(KeyError("x")),
    "unspeakable": lambda: _raise(_Unspeakable()),
}
