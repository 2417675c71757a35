"""Defaults from a TOML file: every option of a command, under the command's name.

::

    [upscale]
    model = "edsr"
    long-edge = 6000
    exclude = ["web", "*.bmp"]
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from sr_batch.errors import UsageError, did_you_mean
from sr_batch.results import one_line

_COMMANDS = ("upscale", "watch")
_NOT_THERE = ("inputs", "config", "help")


def use_defaults(context: typer.Context, file: Path | None) -> Path | None:
    """Take the defaults of a command from ``file``, or from the user's own file if there is one.

    Raises:
        UsageError: the file cannot be read, or says what is no option.
    """
    path = file or usual_file()
    if file is None and not path.is_file():
        return None
    known = {
        max(option.opts, key=len).removeprefix("--"): str(option.name)
        for option in context.command.params
        if option.name not in _NOT_THERE
    }
    table = _read(path).get(str(context.info_name), {})
    context.default_map = {_name(key, known, path): value for key, value in table.items()}
    return path


def usual_file() -> Path:
    """In the folder where this system's programs keep their settings."""
    return Path(typer.get_app_dir("sr-batch")) / "config.toml"


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{_shown(path)}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{_shown(path)}: no TOML: {error}") from error
    for key, value in content.items():
        if key not in _COMMANDS or not isinstance(value, dict):
            tables = ", ".join(f"[{name}]" for name in _COMMANDS)
            raise UsageError(f"{_shown(path)}: {key} is not one of the tables {tables}")
    return content


def _name(key: str, known: Mapping[str, str], path: Path) -> str:
    """The parameter that ``key``, written as on the command line, sets."""
    if key in known:
        return known[key]
    question = did_you_mean(key, known)
    raise UsageError(
        f"{_shown(path)}: there is no option {key}: {question}There are {', '.join(sorted(known))}"
    )


def _shown(path: Path) -> str:
    return one_line(str(path))
