"""Defaults from a TOML file: every option of a command, under the command's name.

::

    [upscale]
    model = "edsr"
    long-edge = 6000
    exclude = ["web", "*.bmp"]

    [watch]
    model = "edsr"

    [[pair]]
    folder = "/srv/incoming"
    output = "/srv/enlarged"
    after = "move"
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from sr_batch.core.errors import UsageError, did_you_mean
from sr_batch.core.results import one_line

_COMMANDS = ("upscale", "watch")
_PAIR = "pair"
_NOT_THERE = ("inputs", "folder", "config", "help")
_OF_THE_WHOLE_WATCH = ("idle", "serve", "notify", "quiet", "verbose", "json")


def use_defaults(context: typer.Context, file: Path | None) -> Path | None:
    """Take the defaults of a command from ``file``, or from the user's own file if there is one.

    Raises:
        UsageError: the file cannot be read, or says what is no option.
    """
    path = file or usual_file()
    if file is None and not path.is_file():
        return None
    known = _options(context)
    table = _read(path).get(str(context.info_name), {})
    context.default_map = {_name(key, known, path): value for key, value in table.items()}
    return path


def _options(context: typer.Context) -> dict[str, str]:
    """Parameters of the command by their names in the file."""
    return {
        max(option.opts, key=len).removeprefix("--"): str(option.name)
        for option in context.command.params
        if option.name not in _NOT_THERE
    }


def pairs_in(context: typer.Context, file: Path | None) -> list[list[str]]:
    """The command line that each ``[[pair]]`` of ``file`` stands for.

    Raises:
        UsageError: there is no file or no pair, or a key is no option.
    """
    path = file or usual_file()
    if file is None and not path.is_file():
        raise UsageError("a folder to watch is missing: name it, or --config a file with [[pair]]")
    pairs = _read(path).get(_PAIR, [])
    if not pairs:
        raise UsageError(f"{_shown(path)}: there is no [[pair]] in it")
    known = _options(context)
    return [
        ["--config", str(path), *(word for key in pair for word in _words(pair, key, known, path))]
        for pair in pairs
    ]


def _words(pair: Mapping[str, Any], key: str, known: Mapping[str, str], path: Path) -> list[str]:
    value = pair[key]
    if key == "folder":
        return [str(value)]
    _name(key, known, path)
    if key in _OF_THE_WHOLE_WATCH:
        raise UsageError(f"{_shown(path)}: {key} counts for all pairs: write it under [watch]")
    if isinstance(value, bool):
        return [f"--{key}" if value else f"--no-{key}"]
    values = value if isinstance(value, list) else [value]
    return [f"--{key}={each}" for each in values]


def usual_file() -> Path:
    """In the folder where this system's programs keep their settings."""
    return Path(typer.get_app_dir("sr-batch")) / "config.toml"


def _read(path: Path) -> dict[str, Any]:
    import tomllib  # most runs have no file

    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{_shown(path)}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{_shown(path)}: no TOML: {error}") from error
    for key, value in content.items():
        fits = isinstance(value, dict) if key in _COMMANDS else key == _PAIR and _is_tables(value)
        if not fits:
            tables = ", ".join(f"[{name}]" for name in (*_COMMANDS, f"[{_PAIR}]"))
            raise UsageError(f"{_shown(path)}: {key} is not one of the tables {tables}")
    return content


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


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
