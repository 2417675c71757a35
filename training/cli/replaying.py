"""The command ``replay``."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.options import (
    DATA,
    EXPORTED,
    KEPT,
    RUNS,
    Data,
    Every,
    Exported,
    Kept,
    Runs,
)
from training.models import BadConfig
from training.replay.chain import replay
from training.replay.page import write
from training.replay.plans import Extent
from training.replay.student_reports import REPORTS
from training.run.places import Places

PAGES = Path("docs/replays")


def replay_reports(
    letter: Annotated[str, typer.Argument(metavar="A|B|C|D|E|all", help="The report.")],
    short: Annotated[
        bool, typer.Option("--short", help="Only show that it works, within a minute for each.")
    ] = False,
    iterations: Annotated[
        int, typer.Option(min=0, help="Length of each training. Default: that of the recipe.")
    ] = 0,
    measured: Annotated[
        int, typer.Option("--measure", min=0, help="Pictures measured of each set. Default: all.")
    ] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="[RECIPE:]FIELD=VALUE",
            help="Change a field of each recipe, or of one.",
        ),
    ] = None,
    every: Every = None,
    out: Annotated[Path, typer.Option("-o", help="Folder for the pages and figures.")] = PAGES,
    data: Data = DATA,
    runs: Runs = RUNS,
    kept: Kept = KEPT,
    exported: Exported = EXPORTED,
) -> None:
    """Replay student reports: train their networks, measure them, and write a page for each.

    Pictures that a report had and --data has not are replaced by others; the page says so.
    """
    letters = _letters(letter)
    if short and iterations:
        raise BadConfig("--short and --iterations exclude each other; give one of them")
    for each in letters:
        typer.echo(f"Report {each}: {REPORTS[each].title}")
        extent = Extent(short, iterations, tuple(settings or ()), measured, every or 0)
        outcome = replay(REPORTS[each], Places(data, runs, kept), exported, extent)
        typer.echo(write(outcome, out))


def _letters(text: str) -> list[str]:
    """The reports that ``text`` names.

    Raises:
        BadConfig: it names none.
    """
    if text.lower() == "all":
        return list(REPORTS)
    if text.upper() not in REPORTS:
        raise BadConfig(f"no report is called {text}; there are {', '.join(REPORTS)}, and all")
    return [text.upper()]
