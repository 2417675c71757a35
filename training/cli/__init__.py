"""The commands of ``python -m training``, one module for each group of them."""

import sys
from collections.abc import Callable
from typing import NoReturn

import typer

from sr_batch.core.errors import ImageError, StorageError, UsageError
from training.cli.data import app as data_commands
from training.cli.judging import bicubic, judge_choice, judge_networks
from training.cli.measuring import evaluate, fit_niqe, list_metrics
from training.cli.pictures import degrade
from training.cli.recipes import listing
from training.cli.releasing import compare, describe, export, record_outputs
from training.cli.replaying import replay_reports
from training.cli.reporting import report
from training.cli.running import keep, train
from training.cli.sweeping import sweep
from training.data.pictures import TooSmall
from training.models import BadConfig
from training.release.certify import NotCertified
from training.run.full_disk import is_full
from training.run.loop import Diverged, Interrupted
from training.run.start import Busy
from training.run.team import is_follower

COMMANDS: dict[str, Callable[..., None]] = {
    "list": listing,
    "train": train,
    "sweep": sweep,
    "keep": keep,
    "export": export,
    "record": record_outputs,
    "evaluate": evaluate,
    "metrics": list_metrics,
    "fit-niqe": fit_niqe,
    "report": report,
    "replay": replay_reports,
    "judge": judge_networks,
    "choose": judge_choice,
    "describe": describe,
    "compare": compare,
    "degrade": degrade,
    "bicubic": bicubic,
}

HELP = """Make the networks of sr-batch: train, export and judge them.

\b
From photographs to a network of your own:
  python -m training data check photos
  python -m training train first_x2 --data photos
  python -m training export first_x2 --data photos --exported models
  sr-batch upscale photos --model models/first_x2.onnx
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(data_commands, name="data")


def main() -> None:
    """Run a command. An error that the user can fix is one line and exit code 2."""
    try:
        app()
    except (
        FileNotFoundError,
        BadConfig,
        UsageError,
        ImageError,
        Busy,
        TooSmall,
        Diverged,
    ) as error:
        _exit(error, 2)
    except (StorageError, NotCertified, OSError) as error:
        _exit(error, 1)
    except Interrupted as interruption:
        if not is_follower():
            print(interruption, file=sys.stderr)
        raise SystemExit(128 + interruption.signal) from interruption


def _exit(error: Exception, code: int) -> NoReturn:
    if code != 2 or not is_follower():  # the leader of a team has the same error, and says it
        print(f"error: {_told(error)}", file=sys.stderr)
    raise SystemExit(code) from error


def _told(error: Exception) -> str:
    """The text of ``error``; without the number that the system gives its own errors."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{text}; free some space, then run the command again" if is_full(error) else text
