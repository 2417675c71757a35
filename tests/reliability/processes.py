"""The tool as a process in its own session, to be killed.

It is started as users start it, or, where a hundred starts would take minutes, forked from a
process that has loaded everything: ``python -m tests.reliability.processes`` reads a folder and
arguments from a line, and answers with the number of the process and, at its end, its exit code.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

from tests.cli.conftest import ENVIRONMENT

_OUT, _ERR = "standard-output", "standard-error"


class Process(Protocol):
    """A run of the tool: its process number, which is also its session's, and its end."""

    @property
    def pid(self) -> int: ...

    def wait(self) -> int: ...


class Starter(Protocol):
    """Starts the tool with arguments in a folder."""

    def start(self, folder: Path, arguments: Sequence[str]) -> Process: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Command:
    """Starts the tool as users do."""

    def start(self, folder: Path, arguments: Sequence[str]) -> Process:
        with (folder / _OUT).open("wb") as out, (folder / _ERR).open("wb") as err:
            return subprocess.Popen(
                [sys.executable, "-m", "sr_batch", *arguments],
                cwd=folder,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Forks:
    """Starts the tool as a fork of one process that has loaded it; one at a time."""

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.processes"],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def start(self, folder: Path, arguments: Sequence[str]) -> Process:
        assert self._server.stdin
        assert self._server.stdout
        print(json.dumps([str(folder), *arguments]), file=self._server.stdin, flush=True)
        return _Fork(int(self._server.stdout.readline()), self._server.stdout)


@dataclass(frozen=True)
class _Fork:
    pid: int
    answers: IO[str]

    def wait(self) -> int:
        return int(self.answers.readline())


def summary(folder: Path) -> dict[str, Any]:
    """The summary of a finished run with ``--json`` in ``folder``, which prints nothing else."""
    assert (folder / _ERR).read_bytes().count(b"\n") == 1
    last: dict[str, Any] = json.loads((folder / _OUT).read_bytes().splitlines()[-1])
    return last


def session(leader: int) -> list[int]:
    """The living processes of the session that ``leader`` started."""
    numbers = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [number for number in numbers if _session_of(number) == leader]


def is_alive(process: Process) -> bool:
    return _session_of(process.pid) is not None


def _session_of(number: int) -> int | None:
    """None if there is no such process, or it has ended and was not waited for yet."""
    try:
        text = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return None
    state, _, _, member_of, *_ = text.rpartition(")")[2].split()
    return None if state in "ZX" else int(member_of)


def _serve() -> None:
    # Imported before the forks, but not ONNX Runtime: forks would not have its threads.
    from sr_batch.batch import decoder_pool, engine  # noqa: F401
    from sr_batch.cli import config, main, report  # noqa: F401
    from sr_batch.upscaling import auto_upscaler  # noqa: F401

    assert "onnxruntime" not in sys.modules

    for line in sys.stdin:
        folder, *arguments = json.loads(line)
        if pid := os.fork():
            print(pid, flush=True)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
            continue
        os.setsid()
        os.chdir(folder)
        for number, name in enumerate((os.devnull, _OUT, _ERR)):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC * (number > 0)), number)
        sys.argv = ["sr-batch", *arguments]
        main()


if __name__ == "__main__":
    _serve()
