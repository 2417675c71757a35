"""Reads the table of faults."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("faults.toml")


@dataclass(frozen=True)
class Fault:
    """One change of the code that tests must notice.

    Attributes:
        name: What is wrong with the code then.
        file: Path of the code, from the root of the tree.
        old: The text that is replaced; the file has it once.
        new: The text in its place.
        tests: The files of tests of which one must fail.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def put_into(self, root: Path) -> None:
        """Change the file in the tree ``root``.

        Raises:
            ValueError: the file does not have the text once.
        """
        path = root / self.file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if (count := text.count(self.old)) != 1:
            raise ValueError(f"{self.file} has {self.old!r} {count} times, not once")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


def read_faults() -> tuple[Fault, ...]:
    """All faults, in the order of the table."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["fault"]
    return tuple(Fault(**{**row, "tests": tuple(row["tests"])}) for row in rows)
