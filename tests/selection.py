"""Which tests run, how thorough they are, and that some of them run alone.

``make test`` leaves the slow tests out and says so at its end; ``make test-all`` and continuous
integration run them.
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

if sys.platform != "win32":
    import fcntl

LEFT_OUT = pytest.StashKey[Counter[str]]()
TURNS = pytest.StashKey[Path]()
QUICK_EXAMPLES = 25

# How long an example takes depends on the machine, not on the code: there is no deadline.
settings.register_profile("thorough", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=QUICK_EXAMPLES)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = Counter()
    config.stash[TURNS] = Path(tempfile.mkdtemp(prefix="sr-batch-turns-"), "lock")
    config.stash[TURNS].touch()
    settings.load_profile("quick" if _is_quick(config) else "thorough")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[TURNS].parent)


def _is_quick(config: pytest.Config) -> bool:
    return "not slow" in config.option.markexpr


# What was left out


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    slow = [item for item in items if item.get_closest_marker("slow")]
    for item in slow:
        item.config.stash[LEFT_OUT][item.nodeid.split("::")[0]] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With xdist only the workers know what was left out: they tell the controller."""
    if hasattr(session.config, "workeroutput"):
        left_out: Counter[str] = session.config.stash[LEFT_OUT]
        session.config.workeroutput["left_out"] = dict(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    told: dict[str, int] = getattr(node, "workeroutput", {}).get("left_out", {})
    left_out: Counter[str] = node.config.stash[LEFT_OUT]
    left_out |= Counter(told)  # all workers tell the same


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    left_out = config.stash[LEFT_OUT]
    if not left_out or not _is_quick(config):
        return
    terminalreporter.section("left out")
    for path, count in sorted(left_out.items()):
        terminalreporter.write_line(f"{count:4} slow in {path}")
    terminalreporter.write_line(f"{left_out.total()} slow tests did not run: make test-all")


# Turns


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["turns"] = str(node.config.stash[TURNS])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """While a test with the mark ``alone`` runs, the other workers wait."""
    worker = getattr(item.config, "workerinput", None)
    if worker is None or sys.platform == "win32":
        return (yield)
    with _turn(Path(worker["turns"]), alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def _turn(path: Path, alone: bool) -> Iterator[None]:
    """Hold the lock ``path``, with others or alone.

    Byte 0 is a gate that everyone passes: those who wait to be alone hold it, so that no others
    come in before them. Byte 1 is the room behind the gate.
    """
    with path.open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 1, 0)
        fcntl.lockf(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, 1, 1)
        fcntl.lockf(file, fcntl.LOCK_UN, 1, 0)
        yield
