"""Names made of a pattern: ``--name "{reldir}/{stem}_{width}x{height}{ext}"``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from sr_batch.core.errors import UsageError

FIELDS = ("stem", "ext", "reldir", "scale", "model", "width", "height")
_FIELD = re.compile(r"\{([^{}]*)\}")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])( *\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Template:
    """A pattern of names below an output folder; the suffix is added where it has none.

    Raises:
        UsageError: a field that there is not, a lone brace, or a path that leads elsewhere.
    """

    text: str

    def __post_init__(self) -> None:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        for name in _FIELD.findall(self.text):
            if name not in FIELDS:
                raise UsageError(f"--name {self.text}: there is no {{{name}}}, but {known}")
        plain = _FIELD.sub("", self.text)
        if "{" in plain or "}" in plain:
            raise UsageError(f"--name {self.text}: a brace without its other half")
        parts = PureWindowsPath(self.text)
        if not self.text.strip() or parts.drive or parts.root or ".." in parts.parts:
            raise UsageError(f"--name {self.text}: a name below the output folder is needed")

    @property
    def needs_size(self) -> bool:
        """Whether it tells the size of the output."""
        return not {"width", "height"}.isdisjoint(_FIELD.findall(self.text))

    def fill(self, values: Mapping[str, str]) -> Path:
        """The name for ``values`` of all fields."""
        text = _FIELD.sub(lambda field: values[field[1]], self.text)
        return Path(text if "{ext}" in self.text else text + values["ext"])


def is_reserved(name: str) -> bool:
    """Whether Windows takes ``name`` for a device, or cuts its end."""
    return bool(_DEVICE.fullmatch(name)) or name.endswith((".", " "))
