"""``--help``: grouped in panels, and short enough to be read."""

import re
from dataclasses import dataclass, field
from typing import Literal

import pytest
import typer
from typer.testing import CliRunner

from sr_batch.cli import app
from sr_batch.cli.parameters import add_command, from_values
from sr_batch.core.errors import UsageError
from sr_batch.core.option import PANELS, Allowed, option, options_of

MOST_WORDS = 700  # all of a page: headings, flags, values and defaults

OTHERS = {"upscale": {"Prices"}, "watch": {"Cluster", "Prices"}}  # panels that it does not have


def help_of(command: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    return CliRunner().invoke(app, [command, "--help"]).output


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("command", ["upscale", "watch"])
def test_groups_options_in_panels(
    command: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = help_of(command, columns, monkeypatch)
    panels = [panel for panel in PANELS if panel not in OTHERS[command]]
    assert re.findall(r"^(\w.*):$", text, re.MULTILINE) == ["Arguments", *panels]
    assert max(map(len, text.splitlines())) <= columns
    assert len(text.split()) <= MOST_WORDS


@pytest.mark.parametrize(
    ("panel", "first"),
    [
        ("Input and output", "-o, --output"),
        ("Size", "-s, --scale"),
        ("Model and device", "-m, --model"),
        ("Format and metadata", "-f, --format"),
    ],
)
def test_lists_common_options_first(
    panel: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"\n{panel}:\n  {first} " in help_of("upscale", 100, monkeypatch)


@pytest.mark.parametrize("group", [(), ("models",), ("plugin",)])
def test_summaries_of_commands_fit_80_columns(
    group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = CliRunner().invoke(app, [*group, "--help"]).output
    summaries = text.partition("Commands:\n")[2].splitlines()
    assert len(summaries) > 1
    assert [line for line in summaries if not line.endswith(".") or line.endswith("..")] == []


@dataclass(frozen=True)
class Dish:
    """A command's options, made up."""

    taste: Literal["sweet", "salty"] = field(
        default="sweet", metadata=option("What it tastes of.", "Size")
    )
    pinches: int | None = field(
        default=None,
        metadata=option(
            "Salt.", "Run", "-p", "--pinches", none="some", allowed=Allowed("0 or more", bool)
        ),
    )
    herbs: tuple[str, ...] = field(default=(), metadata=option("What to add.", "Run"))
    hot: bool = field(default=True, metadata=option("Heat it.", "Run", "--hot/--cold"))


def test_makes_a_command_line_from_the_rows_of_a_table() -> None:
    cooked: list[object] = []

    def cook(**values: object) -> None:
        cooked.append(from_values(Dish, values))

    kitchen = typer.Typer()
    add_command(kitchen, "cook", cook, options_of(Dish))
    for line in ("", "--taste salty -p 3 --herbs dill --herbs mint --cold", "--pinches some"):
        assert CliRunner().invoke(kitchen, line.split()).exit_code == 0
    assert cooked == [Dish(), Dish("salty", 3, ("dill", "mint"), False), Dish()]
    with pytest.raises(UsageError, match="--pinches many: must be 0 or more"):
        CliRunner().invoke(kitchen, ["-p", "many"], catch_exceptions=False)
