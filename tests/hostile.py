"""Files for decoder processes whose faults are real. The name of a file chooses its fault."""

import ctypes
import fcntl
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sr_batch import codec
from sr_batch.core.image import Image


@dataclass(frozen=True)
class HostileFile:
    """A good file, with something to do before each of its pictures."""

    file: codec.OpenedFile
    before: Callable[[Image], Image]

    @property
    def header(self) -> codec.Header:
        return self.file.header

    def pages(self) -> Iterator[Image]:
        return map(self.before, self.file.pages())


def open_file(data: bytes, name: str, max_pixels: int) -> HostileFile:
    """As the codec, but the pictures have the fault that the name chooses."""
    return HostileFile(codec.open_file(data, name, max_pixels), lambda image: _faulty(name, image))


def open_hostile_header(data: bytes, name: str, max_pixels: int) -> codec.OpenedFile:
    """As the codec, but the header has the fault that the name chooses."""
    _commit_fault(name)
    return codec.open_file(data, name, max_pixels)


def open_and_log(data: bytes, name: str, max_pixels: int) -> codec.OpenedFile:
    """As the codec, and a line with the name in ``opened.txt``."""
    with Path("opened.txt").open("a", encoding="utf-8") as log:
        log.write(f"{name}\n")
    return codec.open_file(data, name, max_pixels)


def tell(data: bytes, name: str, max_pixels: int) -> HostileFile:
    """A file whose pictures tell, as their notes, what tests want to know of this process."""
    return HostileFile(codec.open_file(data, name, max_pixels), _telling)


def hold(data: bytes, name: str, max_pixels: int) -> codec.OpenedFile:
    """Lock the file ``name`` while this process lives, and do what its name says."""
    fcntl.flock(os.open(name, os.O_WRONLY | os.O_CREAT), fcntl.LOCK_EX)
    Path(name).with_suffix(".ready").touch()
    return open_hostile_header(data, name, max_pixels)


def _telling(image: Image) -> Image:
    facts = {"pid": os.getpid(), "modules": sorted(sys.modules)}
    if sys.platform == "linux":
        facts["killed first"] = Path("/proc/self/oom_score_adj").read_text() == "1000\n"
    return replace(image, metadata=replace(image.metadata, note=json.dumps(facts)))


def _faulty(name: str, image: Image) -> Image:
    _commit_fault(name)
    return image


def _commit_fault(name: str) -> None:
    FAULTS.get(Path(name).stem, lambda: None)()


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
