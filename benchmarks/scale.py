"""A Ray cluster on this machine, compared with the threads of the local engine."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.photos import photographs
from benchmarks.setting import Row, Setting
from benchmarks.work import ignore
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, JobResult, Skipped
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.ray_address import ray_address
from sr_batch.distributed.ray_engine import ray_engine
from sr_batch.distributed.ray_messages import RaySettings
from sr_batch.distributed.spec import Engine, WorkerSpec
from sr_batch.distributed.threads import ThreadsEngine
from sr_batch.distributed.worker import open_worker
from sr_batch.stores.location import Place, place_of
from sr_batch.stores.opening import open_store
from sr_batch.stores.store import Item

_PHOTOS = 120
_WARM = 16  # photographs of a shorter run: the difference leaves out the start of processes
_EMPTY = 20_000  # jobs without work
_NOTHING = "benchmarks.scale:open_nothing"


@dataclass(frozen=True)
class _Cost:
    """Seconds, and those of all processors."""

    wall: float
    cpu: float

    def less(self, other: "_Cost", count: int) -> "_Cost":
        return _Cost((self.wall - other.wall) / count, (self.cpu - other.cpu) / count)


def on_a_cluster(setting: Setting) -> Iterator[Row]:
    """Compare time and processor time per photograph, and count what an empty job costs."""
    folder = setting.folder
    photographs(setting.photos, folder / "in", _PHOTOS, (0.1, 0.3))
    cores = setting.threads
    local = _per_photo(folder, "local", ThreadsEngine(open_worker))
    one = _per_photo(folder, "one", _ray(RaySettings(ray_address("local"), 1, cores)))
    several = _per_photo(folder, "several", _ray(RaySettings(ray_address("local"), cores, 1)))
    for name, cost, least in (
        ("one worker", one, 0.95),
        (f"{cores} workers of one core", several, 0.9),
    ):
        speed, cpu = local.wall / cost.wall, cost.cpu / local.cpu
        yield Row(
            f"Ray, {name}: throughput / threads", f"{speed:.2f}", f">= {least}", speed >= least
        )
        yield Row("  processor time / threads", f"{cpu:.2f}", "<= 1.10", cpu <= 1.1)
    empty = _ray(RaySettings(ray_address("local"), 1, 1, opener=_NOTHING))
    spec = _spec(folder, "nothing")
    cost = _marginal(lambda count: _run(empty, spec, _empty_jobs(count)), _EMPTY)
    yield Row("  processor time of a job without work", f"{cost.cpu * 1e6:.0f} us", "", True)


@contextmanager
def open_nothing(
    spec: WorkerSpec,
    halt: threading.Event,
    progress: Callable[[int], None],
    notify: Callable[[str], None],
) -> Iterator[Callable[[KeyedJob], JobResult]]:
    """A worker that does nothing."""
    yield lambda job: Skipped(job.source.key, None, "nothing to do")


def _ray(settings: RaySettings) -> Engine:
    return ray_engine(settings, notify=ignore)


def _spec(folder: Path, output: str) -> WorkerSpec:
    options = UpscaleOptions(model="espcn", device="cpu", precision="fp32")
    return WorkerSpec((_place(folder / "in"),), _place(folder / output), options, output)


def _place(folder: Path) -> Place:
    return place_of(str(folder))


def _per_photo(folder: Path, output: str, engine: Engine) -> _Cost:
    def run(count: int) -> _Cost:
        spec = _spec(folder, f"{output}-{count}")
        jobs = map(KeyedJob, islice(open_store(spec.sources[0]).list(), count))
        return _run(engine, spec, jobs)

    return _marginal(run, _PHOTOS - _WARM)


def _empty_jobs(count: int) -> Iterator[KeyedJob]:
    return (KeyedJob(Item(f"folder/{each:08}.jpg", 300_000, "version", 0)) for each in range(count))


def _marginal(run: Callable[[int], _Cost], count: int) -> _Cost:
    """The cost of one more job: of a long run and a short one, by the difference."""
    short = run(_WARM)
    return run(_WARM + count).less(short, count)


def _run(engine: Engine, spec: WorkerSpec, jobs: Iterator[KeyedJob]) -> _Cost:
    """The cost until the last result, of this process and those that it started."""
    began, before = time.perf_counter(), _cpu_seconds()
    cost = _Cost(0, 0)
    for result in engine(spec, jobs, threading.Event()):
        assert isinstance(result, Done | Skipped), result
        if time.perf_counter() - began > cost.wall + 0.2:
            cost = _Cost(time.perf_counter() - began, _cpu_seconds() - before)
    return cost


def _cpu_seconds() -> float:
    """Of this process and all that descend from it."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(folder.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    mine = {os.getpid()}
    while more := {pid for pid, (parent, _) in found.items() if parent in mine} - mine:
        mine |= more
    return sum(found[pid][1] for pid in mine) / os.sysconf("SC_CLK_TCK")
