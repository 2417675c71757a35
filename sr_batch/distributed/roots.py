"""What the inputs of a command line are in stores: named items, prefixes and patterns."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sr_batch.batch.inputs import is_pattern
from sr_batch.core.errors import UsageError
from sr_batch.core.results import one_line
from sr_batch.files.reading import PIPE, is_folder
from sr_batch.stores.location import Place, place_of
from sr_batch.stores.opening import open_store
from sr_batch.stores.probe import probe_input


@dataclass(frozen=True)
class Root:
    """Where inputs are.

    Attributes:
        place: The place; keys of inputs are below it.
        named: Key of the only input; empty for all that are below the place.
        pattern: Which of them match; empty for all.
        text: As it was given.
    """

    place: Place
    named: str = ""
    pattern: tuple[str, ...] = ()
    text: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """URL or path of the input that was named."""
        return self.place.below(self.named)


def find_roots(inputs: Sequence[str], endpoint: str = "") -> tuple[Root, ...]:
    """What ``inputs`` name, each once. Asks the servers for names without a slash at their end.

    Args:
        inputs: URLs and paths.
        endpoint: Of ``--endpoint-url``.

    Raises:
        UsageError: an input does not exist, or is standard input.
        Unreachable: a server does not answer.
    """
    return tuple(dict.fromkeys(_root(text, endpoint) for text in inputs))


def _root(text: str, endpoint: str) -> Root:
    if text == str(PIPE):
        raise UsageError("- (standard input) cannot be combined with URLs or --engine")
    place = place_of(text, endpoint)
    return _in_bucket(text, place) if place.is_remote else _in_folder(text, place)


def _in_bucket(text: str, place: Place) -> Root:
    probe_input(place)
    named = "" if text.endswith("/") or not place.prefix else place.split()[1]
    if named and open_store(place.split()[0]).head(named):
        return Root(place.split()[0], named, text=text)
    if any(True for _ in open_store(place).list()):
        return Root(place, text=text)
    at = next((n for n, part in enumerate(place.url.split("/")) if n > 2 and is_pattern(part)), 0)
    if at:
        parts = place.url.split("/")
        base = Place("/".join(parts[:at]), place.endpoint)
        return Root(base, pattern=tuple(parts[at:]), text=text)
    if not place.prefix:
        raise UsageError(f"{one_line(text)}: the bucket is empty")
    raise UsageError(
        f"{one_line(text)}: no object has this name, and none has a name that begins with"
        f" {one_line(place.prefix)}/"
    )


def _in_folder(text: str, place: Place) -> Root:
    path = place.folder
    if is_folder(path):
        return Root(place, text=text)
    if _exists(path) and path.name:
        return Root(Place(str(path.parent), place.endpoint), path.name, text=text)
    parts = path.parts
    for at, part in enumerate(parts):
        base = Path(*parts[:at])
        if is_pattern(part) and not _exists(base / part) and is_folder(base):
            return Root(Place(str(base), place.endpoint), pattern=parts[at:], text=text)
    raise UsageError(f"{one_line(text) or 'an empty name'}: no such file or folder")


def _exists(path: Path) -> bool:
    """Whether ``path`` exists; False if that cannot be found out."""
    with suppress(OSError):
        return path.exists()
    return False


@cache
def location(place: Place) -> tuple[str, ...]:
    """Parts that tell whether a place is inside another one."""
    if place.is_remote:
        return (place.endpoint, *place.url.split("/"))
    return ("", *place.folder.resolve().parts)


def inside(place: Place, other: Place) -> str | None:
    """The prefix of ``place`` within ``other``, with a slash at its end; None if it is outside.

    Empty if both are one place.
    """
    own, outer = location(place), location(other)
    if own[: len(outer)] != outer:
        return None
    return "".join(f"{part}/" for part in own[len(outer) :])
