"""Measures exported networks: quality and parity of several at a time, then speed one by one."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sr_batch.bench.measurement import Measurement
from sr_batch.bench.pictures import PictureSet
from sr_batch.bench.quality import Judged, judge, mean
from sr_batch.bench.speed import REFERENCE, best_with_retries, relative_speed
from sr_batch.bench.tile_seams import TileSeams, measure_seams
from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.inference.model_catalog import ModelFile
from sr_batch.inference.model_memory import session_bytes
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.providers import open_session
from sr_batch.inference.recorded_outputs import largest_difference, load_record, record_path

# Only in a checkout; a wheel does not contain it.
_PICTURES = Path(__file__).parents[2] / "benchmarks" / "pictures"
_STARTS = 3


@dataclass(frozen=True)
class BenchSetting:
    """How to measure.

    Attributes:
        sets: Pictures to measure quality on; the first one is also used to test tiling.
        device: As for ``--device``.
        rounds: Rounds in which a network and the reference are timed in turns.
        threads: Networks whose quality is measured at a time.
    """

    sets: Sequence[PictureSet]
    device: str
    rounds: int
    threads: int


@dataclass(frozen=True)
class Problem:
    """One line about something wrong with the exported file ``name``."""

    name: str
    what: str


def committed_pictures() -> Path:
    """The folder of pictures that the committed baseline was measured on.

    Raises:
        UsageError: this is not a checkout.
    """
    if not _PICTURES.is_dir():
        raise UsageError("no pictures to measure on; give a folder with --hr FOLDER")
    return _PICTURES


def measure(
    models: Sequence[ModelFile], setting: BenchSetting, least: Mapping[str, float]
) -> Iterator[Measurement | Problem]:
    """Yield one measurement for each of ``models``, or a problem if it cannot be measured.

    Args:
        models: Exported files.
        setting: How to measure them.
        least: Name of a file -> speed. A slower network is timed again after all others.

    Raises:
        DeviceUnavailable: the device cannot run here.
    """
    with ThreadPoolExecutor(setting.threads) as pool:
        judged = [*pool.map(lambda model: _judge(model, setting), models)]
    yield from (each for each in judged if isinstance(each, Problem))
    yield from _timed([each for each in judged if isinstance(each, _Judged)], setting, least)


@dataclass(frozen=True)
class _Judged:
    """The part of a measurement that is not timed."""

    model: ModelFile
    quality: Mapping[str, Judged]
    parity: float
    seam: TileSeams
    memory: int | None

    def timed(self, session: OnnxSession, speed: float, start: float) -> Measurement:
        spec = session.spec
        claims = {name: spec.scores[name][0] for name in self.quality if name in spec.scores}
        return Measurement(
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


def _judge(model: ModelFile, setting: BenchSetting) -> _Judged | Problem:
    try:
        session = open_session(model.path, setting.device, _ignore)
        quality = {
            each.name: mean(judge(picture, session) for picture in each.pictures)
            for each in setting.sets
        }
        parity = largest_difference(session, load_record(record_path(model.path)))
        picture = setting.sets[0].pictures[0]
        seam = measure_seams(model.path, session.spec.scale, picture, setting.device)
        return _Judged(model, quality, parity, seam, session_bytes(model.path))
    except SrBatchError as fault:
        return Problem(model.path.stem, str(fault))


def _timed(
    judged: Sequence[_Judged], setting: BenchSetting, least: Mapping[str, float]
) -> Iterator[Measurement]:
    """Slow networks are timed again at the end, when a slow minute of the machine is over."""
    reference = open_session(REFERENCE, setting.device, _ignore)
    doubted: list[tuple[Measurement, Callable[[], float]]] = []
    for half in judged:
        session, start = _started(half.model.path, setting.device)
        speed = partial(relative_speed, session, reference, setting.rounds)
        row = half.timed(session, speed(), start)
        if row.speed < least.get(row.name, 0.0):
            doubted.append((row, speed))
        else:
            yield row
    for row, again in doubted:
        yield replace(row, speed=best_with_retries(row.speed, least[row.name], again))


def _started(path: Path, device: str) -> tuple[OnnxSession, float]:
    """An open session, and the seconds to open one: the least of a few times."""
    best = float("inf")
    for _ in range(_STARTS):
        began = time.perf_counter()
        session = open_session(path, device, _ignore)
        best = min(best, time.perf_counter() - began)
    return session, best


def _ignore(line: str) -> None:
    """The report names the device anyway."""
