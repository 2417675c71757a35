"""The settings file: defaults in TOML, for every option of a command, under the command's name.

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

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from sr_batch.cli.command_options import SERVE_TABLE, UPSCALE_TABLE, WATCH_TABLE, WatchCommand
from sr_batch.core.errors import UsageError, did_you_mean
from sr_batch.core.option import Option, options_of
from sr_batch.core.results import one_line

_TABLES = {"upscale": UPSCALE_TABLE, "watch": WATCH_TABLE, "serve": SERVE_TABLE}
_PAIR = "pair"
_WHOLE_WATCH = {option.key for option in options_of(WatchCommand)}


def use_defaults(context: typer.Context, file: Path | None) -> Path | None:
    """Take the defaults of a command from ``file``, or from the user's own file if it exists.

    Raises:
        UsageError: the file cannot be read, or has a key that is not an option, or a wrong value.
    """
    path = file or default_file()
    if file is None and not path.is_file():
        return None
    command = str(context.info_name)
    settings = _read(path).get(command, {})
    options = {key: _option(key, command, _shown(path)) for key in settings}
    for key, value in settings.items():
        _check_value(options[key], value, f"{_shown(path)}: [{command}] {key} =")
    context.default_map = {options[key].name: value for key, value in settings.items()}
    return path


def pairs_in(context: typer.Context, file: Path | None) -> list[list[str]]:
    """The arguments of ``watch`` that every ``[[pair]]`` of ``file`` stands for.

    Raises:
        UsageError: the file or a pair is missing, or a key is not an option.
    """
    path = file or default_file()
    if file is None and not path.is_file():
        raise UsageError(
            "no folder to watch: give FOLDER, or a --config file that contains [[pair]] tables"
        )
    pairs = _read(path).get(_PAIR, [])
    if not pairs:
        raise UsageError(f"{_shown(path)} contains no [[pair]]")
    return [
        ["--config", str(path), *_arguments(pair, f"{_shown(path)}: [[pair]] {number}")]
        for number, pair in enumerate(pairs, 1)
    ]


def default_file() -> Path:
    """``config.toml`` in the folder where programs of this system keep their settings."""
    return Path(typer.get_app_dir("sr-batch")) / "config.toml"


def _arguments(pair: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, value in pair.items():
        if key == "folder":
            yield str(value)
            continue
        _option(key, "watch", where)
        if key in _WHOLE_WATCH:
            raise UsageError(f"{where}: {key} applies to all pairs: move it to [watch]")
        if isinstance(value, bool):
            yield f"--{key}" if value else f"--no-{key}"
        else:
            values = value if isinstance(value, list) else [value]
            yield from (f"--{key}={each}" for each in values)


def _option(key: str, command: str, where: str) -> Option:
    """The option of ``command`` that ``key`` sets; ``where`` it was found, for messages."""
    known = {option.key: option for option in _TABLES[command] if option.name != "config"}
    if key in known:
        return known[key]
    question = did_you_mean(key, known)
    raise UsageError(
        f"{where}: unknown option {key}: {question}The options are {', '.join(sorted(known))}"
    )


def _check_value(option: Option, value: object, where: str) -> None:
    """Refuse what the command line refuses, too, but name the file and the key instead of a flag.

    Typer takes defaults as they are, so a wrong type would only be noticed where it is used.
    """
    if option.takes_many:
        right = isinstance(value, list) and all(isinstance(each, str) for each in value)
        _require(right, "a list of texts in quotes", value, where)
    elif option.kind is bool:
        _require(isinstance(value, bool), "true or false", value, where)
    elif option.allowed or option.choices:
        try:
            option.check(option.parse(str(value)))
        except UsageError as error:
            raise UsageError(str(error).replace(option.flag, where, 1)) from error
    elif option.kind is not int:
        _require(isinstance(value, str), "text in quotes", value, where)


def _require(right: bool, rule: str, value: object, where: str) -> None:
    if not right:
        raise UsageError(f"{where} {one_line(str(value))}: must be {rule}")


def _read(path: Path) -> dict[str, Any]:
    import tomllib  # most runs have no settings file

    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{_shown(path)}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{_shown(path)}: not valid TOML: {error}") from error
    for key, value in content.items():
        _check_table(key, value, path)
    return content


def _check_table(key: str, value: object, path: Path) -> None:
    if key in _TABLES and isinstance(value, dict):
        return
    if key == _PAIR and isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return
    tables = ", ".join(f"[{name}]" for name in (*_TABLES, f"[{_PAIR}]"))
    raise UsageError(f"{_shown(path)}: {key} is not one of the tables {tables}")


def _shown(path: Path) -> str:
    return one_line(str(path))
