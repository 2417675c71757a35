"""Measures exported networks: first what may share the machine, then what is timed, one by one."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sr_batch.bench.pictures import Set
from sr_batch.bench.quality import Judged, judge, mean
from sr_batch.bench.row import Row
from sr_batch.bench.seam import Seam, measure_seam
from sr_batch.bench.speed import REFERENCE, believed, relative_speed
from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.inference.model_catalog import ModelFile
from sr_batch.inference.model_memory import session_bytes
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.providers import open_session
from sr_batch.inference.recorded_outputs import largest_difference, load_record, record_path

# Of a checkout; a wheel has none.
_PICTURES = Path(__file__).parents[2] / "benchmarks" / "pictures"
_STARTS = 3


@dataclass(frozen=True)
class Setting:
    """On what, where and how thoroughly to measure.

    Attributes:
        sets: Pictures to be judged on; the first of the first is also cut into tiles.
        device: As for ``--device``.
        rounds: Of timing a network and the reference in turns.
        threads: Networks that are judged at a time.
    """

    sets: Sequence[Set]
    device: str
    rounds: int
    threads: int


@dataclass(frozen=True)
class Loss:
    """Something of the exported file ``name`` that is not as it should be, one line."""

    name: str
    what: str


def committed_pictures() -> Path:
    """The folder that the committed baseline was measured on.

    Raises:
        UsageError: there is none here.
    """
    if not _PICTURES.is_dir():
        raise UsageError("which pictures? name a folder of them: --hr FOLDER")
    return _PICTURES


def measure(
    models: Sequence[ModelFile], setting: Setting, least: Mapping[str, float]
) -> Iterator[Row | Loss]:
    """One row for each of ``models``, or why there is none.

    Args:
        models: Exported files.
        setting: How.
        least: Name of a file -> speed; one that seems slower is timed again after all others.

    Raises:
        DeviceUnavailable: the device cannot be had.
    """
    with ThreadPoolExecutor(setting.threads) as pool:
        judged = [*pool.map(lambda model: _judge(model, setting), models)]
    yield from (each for each in judged if isinstance(each, Loss))
    yield from _timed([each for each in judged if isinstance(each, _Judged)], setting, least)


@dataclass(frozen=True)
class _Judged:
    """What does not depend on time."""

    model: ModelFile
    quality: Mapping[str, Judged]
    parity: float
    seam: Seam
    memory: int | None

    def timed(self, session: OnnxSession, speed: float, start: float) -> Row:
        spec = session.spec
        claims = {name: spec.scores[name][0] for name in self.quality if name in spec.scores}
        return Row(
            name=self.model.path.stem,
            scale=spec.scale,
            precision=spec.precision,
            quality=self.quality,
            claims=claims,
            parity=self.parity,
            seam=self.seam,
            speed=speed,
            memory=self.memory,
            start=start,
        )


def _judge(model: ModelFile, setting: Setting) -> _Judged | Loss:
    try:
        session = open_session(model.path, setting.device, _ignore)
        quality = {
            each.name: mean(judge(picture, session) for picture in each.pictures)
            for each in setting.sets
        }
        parity = largest_difference(session, load_record(record_path(model.path)))
        picture = setting.sets[0].pictures[0]
        seam = measure_seam(model.path, session.spec.scale, picture, setting.device)
        return _Judged(model, quality, parity, seam, session_bytes(model.path))
    except SrBatchError as fault:
        return Loss(model.path.stem, str(fault))


def _timed(
    judged: Sequence[_Judged], setting: Setting, least: Mapping[str, float]
) -> Iterator[Row]:
    """Doubted ones wait until the others are done: a slow minute of the machine is over then."""
    reference = open_session(REFERENCE, setting.device, _ignore)
    doubted: list[tuple[Row, Callable[[], float]]] = []
    for half in judged:
        session, start = _started(half.model.path, setting.device)
        speed = partial(relative_speed, session, reference, setting.rounds)
        row = half.timed(session, speed(), start)
        if row.speed < least.get(row.name, 0.0):
            doubted.append((row, speed))
        else:
            yield row
    for row, again in doubted:
        yield replace(row, speed=believed(row.speed, least[row.name], again))


def _started(path: Path, device: str) -> tuple[OnnxSession, float]:
    """An open session, and the shortest of a few times to open one."""
    best = float("inf")
    for _ in range(_STARTS):
        began = time.perf_counter()
        session = open_session(path, device, _ignore)
        best = min(best, time.perf_counter() - began)
    return session, best


def _ignore(line: str) -> None:
    """The report says which device it was."""
