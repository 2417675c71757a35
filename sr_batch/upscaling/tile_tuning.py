"""The fastest tile size and thread count for a network here, kept in the user's cache.

The kept setting changes only the speed. If its file is missing, damaged, or from another machine,
runtime or network, the usual setting is used; that is never an error.
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
from sr_batch.inference.onnx_runtime import runtime_version

SIDES = (64, 96, 128, 192, 256, 384, 512)
ROUNDS = 3
# Another setting must be this much faster than the usual one, in every round.
WORTH = 0.97

Seconds = Callable[["TileSetting"], float]


@dataclass(frozen=True)
class TileSetting:
    """How the work on an image is spread over the processor's cores.

    Attributes:
        tile: Longest side of a tile's core in LR pixels; None lets `tiling.plan_auto` choose.
        threads: Threads for one tile. As many tiles run at a time as the processor has cores for.
    """

    tile: int | None = None
    threads: int = 1


USUAL = TileSetting()


@dataclass(frozen=True)
class Tuned:
    """The chosen setting, and the ratio of its time to that of the usual one."""

    setting: TileSetting
    ratio: float


def candidates(cores: int) -> tuple[TileSetting, ...]:
    """All settings to try on a processor with ``cores`` cores, the usual one first."""
    powers = [2**n for n in range(cores.bit_length()) if 2**n <= cores]
    shares = sorted({1, *powers, cores})
    return (
        USUAL,
        *(TileSetting(side) for side in SIDES),
        *(TileSetting(None, n) for n in shares[1:]),
    )


def choose_setting(settings: Iterable[TileSetting], seconds: Seconds) -> Tuned:
    """The fastest of ``settings``, timed in turns over several rounds.

    A setting counts as faster only if it is faster in every round, by more than the noise of an
    idle machine. The chosen one is therefore never slower than the usual one.
    """
    others = [setting for setting in settings if setting != USUAL]
    worst = dict.fromkeys(others, 0.0)
    for _ in range(ROUNDS):
        for setting in [setting for setting in others if worst[setting] < WORTH]:
            before, tried, after = seconds(USUAL), seconds(setting), seconds(USUAL)
            worst[setting] = max(worst[setting], tried / min(before, after))
    best = min(others, key=worst.__getitem__, default=USUAL)
    ratio = worst.get(best, 1.0)
    return Tuned(best, ratio) if ratio < WORTH else Tuned(USUAL, 1.0)


def kept_setting(network: Path) -> TileSetting:
    """The setting kept for ``network``; the usual one if none is kept or it cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(_file(network).read_text())
        setting = TileSetting(kept["tile"], kept["threads"])
        if (setting.tile is None or setting.tile > 0) and setting.threads > 0:
            return setting
    return USUAL


def keep(network: Path, setting: TileSetting) -> None:
    """Keep ``setting`` for ``network`` on this machine; the usual one deletes what was kept.

    Raises:
        SrBatchError: the cache folder cannot be written to.
    """
    if setting == USUAL:
        _file(network).unlink(missing_ok=True)
    else:
        write_output(_file(network), json.dumps(asdict(setting)).encode())


def folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The cache folder of sr-batch on this system."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA", home / "AppData/Local")) / "sr-batch/Cache"
    if sys.platform == "darwin":
        return home / "Library/Caches/sr-batch"
    return Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "sr-batch"


def _file(network: Path) -> Path:
    """Named after the network's file, the runtime, the processor and its usable cores."""
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
