"""What a person notes about its files, so that a test can tell what must not be lost."""

from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.reliability.coded import FORMATS, number_in


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


@dataclass
class Picture:
    """A content that lay in the watched folder.

    Attributes:
        number: What the pixels say; every content has its own.
        data: The bytes of the file.
        good: Whether it can be enlarged.
        names: The paths in the watched folder that it had.
    """

    number: int
    data: bytes
    good: bool
    names: set[str] = field(default_factory=set)


@dataclass
class Notes:
    """What the person put into its folders, changed and saw.

    Attributes:
        pictures: Every content that was put into ``in`` whole, by its digest.
        sidecars: Every sidecar that was put there: the word that is in it, by its digest.
        sidecars_at: The digests of the sidecars that were put at each place.
        overwritten: Digests of what the person itself replaced.
        made: Numbers of the outputs that the person found whole, and took away or changed.
        mine: The files of the person in ``out``.
        emptied: The outputs that the person made empty.
        faults: What the person saw that must not be.
    """

    pictures: dict[str, Picture] = field(default_factory=dict)
    sidecars: dict[str, str] = field(default_factory=dict)
    sidecars_at: defaultdict[Path, set[str]] = field(default_factory=lambda: defaultdict(set))
    overwritten: set[str] = field(default_factory=set)
    made: set[int] = field(default_factory=set)
    mine: dict[Path, bytes] = field(default_factory=dict)
    emptied: set[Path] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def put(self, picture: Picture, name: Path) -> None:
        """Note that ``picture`` lies in the watched folder as ``name``, a path below it."""
        picture.names.add(str(name))
        self.pictures[digest(picture.data)] = picture

    def saw(self, name: Path, data: bytes) -> None:
        """Note which output this is, and that it is whole."""
        if not data or name.suffix not in FORMATS or self.mine.get(name) == data:
            return
        if (number := number_in(data)) is None:
            self.faults.append(f"{name} was seen and is not whole")
        else:
            self.made.add(number)
