"""From the text of an option to its value; a wrong text is answered with what is allowed."""

from collections.abc import Callable
from typing import TypeVar, cast

from sr_batch.core.errors import UsageError
from sr_batch.core.options import OVERLAP_RANGE, TILE_RANGE, Overlap

Number = TypeVar("Number", int, float)


def number(kind: type[Number], flag: str, allowed: str) -> Callable[[str], Number]:
    """A parser for typer. ``kind`` checks the form, ``UpscaleOptions`` the range."""

    def parse(text: str) -> Number:
        try:
            return kind(text)
        except ValueError as error:
            raise UsageError(f"{flag} {text}: allowed is {allowed}") from error

    return parse


def parse_tile(text: str) -> int | None:
    """``auto`` is None, anything else a whole number."""
    return None if text == "auto" else number(int, "--tile", TILE_RANGE)(text)


def parse_overlap(text: str) -> Overlap:
    """``auto``, ``full`` or a whole number."""
    if text in ("auto", "full"):
        return cast(Overlap, text)
    return number(int, "--overlap", OVERLAP_RANGE)(text)
