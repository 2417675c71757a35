"""Names that Windows does not give to files."""

import re

_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])( *\..*)?", re.IGNORECASE)


def is_reserved(name: str) -> bool:
    """Whether Windows takes ``name`` for a device, or shortens it."""
    return bool(_DEVICE.fullmatch(name)) or name.endswith((".", " "))
