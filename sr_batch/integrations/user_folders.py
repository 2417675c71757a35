"""The folders in which programs look for the settings and data of the current user."""

import os
from pathlib import Path


def settings() -> Path:
    """The folder that holds a settings folder for each program."""
    return _first("XDG_CONFIG_HOME", "LOCALAPPDATA") or Path.home() / ".config"


def data() -> Path:
    """The folder that holds a data folder for each program."""
    return _first("XDG_DATA_HOME") or Path.home() / ".local" / "share"


def system_settings() -> list[Path]:
    """The folders of the settings for all users, in the order in which programs search them."""
    paths = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return [Path(path) for path in paths.split(":") if path]


def _first(*variables: str) -> Path | None:
    found = (os.environ.get(name) for name in variables)
    return next((Path(text) for text in found if text), None)
