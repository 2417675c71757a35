"""Where the programs of this user look for what belongs to them."""

import os
from pathlib import Path


def settings() -> Path:
    """The folder in which each program has a folder for its settings."""
    return _first("XDG_CONFIG_HOME", "LOCALAPPDATA") or Path.home() / ".config"


def data() -> Path:
    """The folder in which desktops and programs have what they work with."""
    return _first("XDG_DATA_HOME") or Path.home() / ".local" / "share"


def system_settings() -> list[Path]:
    """Where programs find settings that the user has none of his own for, the first one first."""
    paths = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return [Path(path) for path in paths.split(":") if path]


def _first(*variables: str) -> Path | None:
    found = (os.environ.get(name) for name in variables)
    return next((Path(text) for text in found if text), None)
