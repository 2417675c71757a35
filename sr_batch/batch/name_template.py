"""Makes names of outputs from ``--name``, such as ``"{reldir}/{stem}_{width}x{height}{ext}"``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from sr_batch.codec import format_of_suffix
from sr_batch.core.errors import UsageError

FIELDS = ("stem", "ext", "input_ext", "reldir", "scale", "model", "width", "height")
_FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Template:
    """A template for names below an output folder; the suffix is added if it has no ``{ext}``.

    Raises:
        UsageError: an unknown field, a single brace, the suffix of a format, or a path that leaves
            the output folder.
    """

    text: str

    def __post_init__(self) -> None:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        for name in _FIELD.findall(self.text):
            if name not in FIELDS:
                raise UsageError(f"--name {self.text}: {{{name}}} is unknown; use {known}")
        plain = _FIELD.sub("", self.text)
        if "{" in plain or "}" in plain:
            raise UsageError(f"--name {self.text}: a brace is not closed or not opened")
        parts = PureWindowsPath(self.text)
        if not self.text.strip() or parts.drive or parts.root or ".." in parts.parts:
            raise UsageError(f"--name {self.text}: give a name below the output folder")

        file = Path("x" + plain)
        suffix = file.suffix
        if "{ext}" not in self.text and (kind := format_of_suffix(file)):
            fixed = self.text.removesuffix(suffix) + "{ext}"
            raise UsageError(
                f"--name {self.text}: the suffix comes from the format; use --name '{fixed}'"
                f" --format {kind}"
            )

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that it contains."""
        return frozenset(_FIELD.findall(self.text))

    @property
    def needs_size(self) -> bool:
        """Whether it contains the size of the output."""
        return not {"width", "height"}.isdisjoint(self.fields)

    def fill(self, values: Mapping[str, str]) -> Path:
        """The name, from the ``values`` of all fields."""
        text = _FIELD.sub(lambda field: values[field[1]], self.text)
        return Path(text if "{ext}" in self.text else text + values["ext"])
