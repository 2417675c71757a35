"""How tiles and threads suit a network on this machine: measured once, kept in the user's cache.

What is kept concerns speed alone. A file of it that is missing, broken or of another machine,
runtime or network means the usual layout, and never an error.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from sr_batch.core.cpu import cores, processor
from sr_batch.files.atomic_write import write_output
from sr_batch.inference.onnx_session import runtime_version

SIDES = (64, 96, 128, 192, 256, 384, 512)
ROUNDS = 3
# Another layout has to be this much faster than the usual one, in every round.
WORTH = 0.97

Seconds = Callable[["Layout"], float]


@dataclass(frozen=True)
class Layout:
    """How an image is spread over the cores.

    Attributes:
        tile: Longest side of a core in LR pixels; None as `tiling.plan_auto` has it.
        threads: That one tile runs on; as many tiles run at once as there are cores for.
    """

    tile: int | None = None
    threads: int = 1


USUAL = Layout()


@dataclass(frozen=True)
class Tuned:
    """The layout that was chosen, and its time over that of the usual one."""

    layout: Layout
    ratio: float


def candidates(cores: int) -> tuple[Layout, ...]:
    """All layouts that are tried on ``cores``, the usual one first."""
    powers = [2**n for n in range(cores.bit_length()) if 2**n <= cores]
    shares = sorted({1, *powers, cores})
    return (USUAL, *(Layout(side) for side in SIDES), *(Layout(None, n) for n in shares[1:]))


def choose_layout(layouts: Iterable[Layout], seconds: Seconds) -> Tuned:
    """The fastest of ``layouts`` by rounds in which all take their turns.

    One counts as faster only if it is so in every round, by more than the noise of a quiet
    machine; so what is chosen is never slower than the usual one.
    """
    others = [layout for layout in layouts if layout != USUAL]
    worst = dict.fromkeys(others, 0.0)
    for _ in range(ROUNDS):
        for layout in [layout for layout in others if worst[layout] < WORTH]:
            before, tried, after = seconds(USUAL), seconds(layout), seconds(USUAL)
            worst[layout] = max(worst[layout], tried / min(before, after))
    best = min(others, key=worst.__getitem__, default=USUAL)
    ratio = worst.get(best, 1.0)
    return Tuned(best, ratio) if ratio < WORTH else Tuned(USUAL, 1.0)


def kept_layout(network: Path) -> Layout:
    """What was kept for ``network``; the usual one if there is nothing of use."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(_file(network).read_text())
        layout = Layout(kept["tile"], kept["threads"])
        if (layout.tile is None or layout.tile > 0) and layout.threads > 0:
            return layout
    return USUAL


def keep(network: Path, layout: Layout) -> None:
    """Remember ``layout`` for ``network`` on this machine; the usual one is forgotten.

    Raises:
        SrBatchError: the cache cannot be written.
    """
    if layout == USUAL:
        _file(network).unlink(missing_ok=True)
    else:
        write_output(_file(network), json.dumps(asdict(layout)).encode())


def folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where this system's programs keep what they can make again."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA", home / "AppData/Local")) / "sr-batch/Cache"
    if sys.platform == "darwin":
        return home / "Library/Caches/sr-batch"
    return Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "sr-batch"


def _file(network: Path) -> Path:
    """By the network's file, the runtime, and the processor with the cores it may use."""
    status = network.stat()
    known: Sequence[object] = (
        network.resolve(),
        status.st_size,
        status.st_mtime_ns,
        runtime_version(),
        processor(),
        cores(),
    )
    digest = sha256("\n".join(map(str, known)).encode(errors="surrogateescape")).hexdigest()
    return folder() / "layouts" / f"{digest[:32]}.json"
