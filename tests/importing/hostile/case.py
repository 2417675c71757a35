"""What a hostile file is, and what must be said of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Make = Callable[[Path], Path]
"""Writes the file, and others that it needs, into a folder. Returns its path."""


@dataclass(frozen=True)
class Case:
    """A hostile file.

    Attributes:
        name: What is wrong with it.
        make: Writes it.
        words: A pattern that the refusal must contain.
        runs: Whether the network must be called to notice it. All others are refused before.
    """

    name: str
    make: Make
    words: str
    runs: bool = False
