"""Write docs/options.md from the table of options: ``python docs/options.py``."""

from collections.abc import Iterator
from pathlib import Path

from sr_batch.cli.command_options import SERVE_TABLE, UPSCALE_TABLE, WATCH_TABLE
from sr_batch.cli.cost_options import COST_TABLE
from sr_batch.core.option import PANELS, Encoding, Option

PAGE = Path(__file__).with_suffix(".md")

HEAD = """# Options

The options of `sr-batch upscale` and `sr-batch watch`, and at the end those of `sr-batch serve` and
`sr-batch cost`.
This page is written by `python docs/options.py`, from the declarations in
`sr_batch/core/options.py`, `sr_batch/core/target_size.py`, `sr_batch/cli/command_options.py`,
`sr_batch/cli/cost_options.py` and `sr_batch/serve/settings.py`; do not edit it.

In a settings file (`--config`) the key of an option is its long flag without the dashes, under
`[upscale]`, `[watch]`, `[[pair]]` or `[serve]`; `--no-verify` is `verify = false`. The command
line has precedence over the file.

**Remakes** lists the outputs that a new value makes out of date, so that the next run makes them
again instead of skipping them.
"""

SHORT_COLUMNS = ("Option", "Values", "Default", "What it does")
COLUMNS = ("Option", "Values", "Default", "Remakes", "What it does")


def page() -> str:
    """The whole page."""
    sections = (line for panel in PANELS for line in _section(panel))
    others = (*_command("serve", SERVE_TABLE), *_command("cost", COST_TABLE))
    return "\n".join([HEAD, *sections, *others])


def _command(name: str, table: tuple[Option, ...]) -> Iterator[str]:
    """The options of a command that writes no outputs, so that nothing is made again."""
    yield f"## `sr-batch {name}`\n"
    yield _row(*SHORT_COLUMNS)
    yield _row(*["---"] * len(SHORT_COLUMNS))
    for option in table:
        yield _row(_flags(option), _values(option), _default(option), option.help)
    yield ""


def _section(panel: str) -> Iterator[str]:
    tables = (*UPSCALE_TABLE, *WATCH_TABLE)
    if not any(each.panel == panel for each in tables):
        return
    both = dict.fromkeys(each.name for each in tables)
    yield f"## {panel}\n"
    yield _row(*COLUMNS)
    yield _row(*["---"] * len(COLUMNS))
    for name in both:
        upscale, watch = (_find(name, table) for table in (UPSCALE_TABLE, WATCH_TABLE))
        for option, command in _variants(upscale, watch):
            if option.panel == panel:
                yield _line(option, command)
    yield ""


def _variants(upscale: Option | None, watch: Option | None) -> Iterator[tuple[Option, str]]:
    """An option of both commands once, unless they differ; the command if it has only one."""
    if upscale == watch and upscale:
        yield upscale, ""
        return
    if upscale:
        yield upscale, "upscale"
    if watch:
        yield watch, "watch"


def _find(name: str, table: tuple[Option, ...]) -> Option | None:
    return next((option for option in table if option.name == name), None)


def _line(option: Option, command: str) -> str:
    only = f" (`{command}`)" if command else ""
    return _row(
        _flags(option) + only, _values(option), _default(option), _remakes(option), option.help
    )


def _flags(option: Option) -> str:
    return ", ".join(f"`{each}`" for flag in option.declarations for each in flag.split("/"))


def _values(option: Option) -> str:
    if option.kind is bool:
        return "on, off"
    if option.allowed:
        return option.allowed.text
    if option.choices:
        return ", ".join(option.choices)
    return (option.metavar or "text") + (", repeatable" if option.takes_many else "")


def _default(option: Option) -> str:
    if option.default is None:
        return option.none or ""
    if option.kind is bool:
        return "on" if option.default else "off"
    if isinstance(option.default, float):
        return f"{option.default:g}"
    return "" if option.default in ("", ()) else str(option.default)


def _remakes(option: Option) -> str:
    match option.changes:
        case "pixels" | Encoding(formats=()):
            return "all"
        case Encoding(formats=formats):
            return ", ".join(formats)
    return ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
