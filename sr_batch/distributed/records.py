"""What an output was made from: facts beside the object, and a line of a manifest."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import blake2b

_PREFIX = "sr-"
_LONGEST = 400  # characters of a name: S3 takes 2 kB for all facts of an object


@dataclass(frozen=True)
class Made:
    """What an output was made from.

    Attributes:
        source: URL or path of the input.
        version: Of the input, in its store.
        content: Hash of the input.
        recipe: Hash of all else that the bytes of the output depend on.
        run: The run that made it.
    """

    source: str
    version: str
    content: str
    recipe: str
    run: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """As they are stored with the output."""
        return {_PREFIX + name: value for name, value in asdict(self).items()}

    @staticmethod
    def of(facts: Mapping[str, str]) -> "Made | None":
        """What ``facts`` state; None if another program has written the object."""
        values = {each.name: facts.get(_PREFIX + each.name, "") for each in fields(Made)}
        made = Made(**values)
        known = made.source and made.version and made.content and made.recipe
        return made if known else None


@dataclass(frozen=True)
class Record:
    """One output, as a manifest states it.

    Attributes:
        key: Of the output.
        version: Of the output, in its store.
        made: What it was made from.
    """

    key: str
    version: str
    made: Made


def source_name(name: str) -> str:
    """``name``, an URL or path, short enough for a fact: a long one ends in its hash."""
    if len(name.encode("utf-8", "surrogatepass")) <= _LONGEST and name.isprintable():
        return name
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    shown = name.encode("ascii", "replace").decode()[: _LONGEST // 2]
    return f"{''.join(char if char.isprintable() else '?' for char in shown)}... {digest}"
