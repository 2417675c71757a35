"""A Ray cluster on this machine beside the engine of one machine, on the same photographs.

Both sides are open at the same time and take turns: one begins images until it has finished some,
then the other. So the start of processes and networks is left out, and a slow minute of the
machine affects both. The processor time of the cluster is that of all its processes, of the driver
and of this process.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from unittest.mock import patch

from benchmarks.eta import ignore_pixels
from benchmarks.photos import photographs
from benchmarks.setting import Row, Setting
from benchmarks.work import ignore, options_for
from sr_batch.batch import engine
from sr_batch.batch.loading import LoadedFile, load_file
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, JobResult
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.ray_address import ray_address
from sr_batch.distributed.ray_engine import ray_engine
from sr_batch.distributed.ray_messages import RaySettings
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.worker import open_worker
from sr_batch.stores.location import place_of
from sr_batch.stores.opening import open_store
from sr_batch.upscaling.upscaler import Upscaler
from tests.distributed.ray_nodes import ENVIRONMENT, NODES, RayNodes, ray_nodes

_CORES = 2
_TURNS = 7  # of each side
_IMAGES = 8  # that end a turn
_MEGAPIXELS = {"espcn": 0.03, "balanced": 0.012}
_OPENER = "benchmarks.scale:open_measured"
_PAUSE = 0.005


def scale(setting: Setting) -> Iterator[Row]:
    """Rows for one node with one worker, and for two nodes of one core each."""
    for model, size in _MEGAPIXELS.items():
        count = (_TURNS + 3) * _IMAGES  # more than turns can take
        photographs(setting.photos, setting.folder / model, count, (size, size))
    with ExitStack() as opened:
        opened.enter_context(patch.dict(os.environ, ENVIRONMENT))
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp")))
        with ray_nodes(folder / "one", _CORES, NODES[:1]) as cluster:
            yield from _rows(setting.folder, "one node", _settings(cluster, 1), 0.95)
        with ray_nodes(folder / "two", 1) as cluster:
            yield from _rows(setting.folder, "two nodes of one core", _settings(cluster, 2), 0.9)


def _settings(cluster: RayNodes, workers: int) -> RaySettings:
    return RaySettings(ray_address(cluster.address), workers, cluster.cores, opener=_OPENER)


def _rows(folder: Path, name: str, settings: RaySettings, least: float) -> Iterator[Row]:
    for model in _MEGAPIXELS:
        options = options_for(model, 2, "keep", Setting(folder, folder, _CORES))
        paths = sorted((folder / model).iterdir())
        with tempfile.TemporaryDirectory() as out, Upscaler(options, ignore) as upscaler:
            here = _Here(Path(out, "here"), paths, options, upscaler)
            there = _There(Path(out, "there"), paths, options, settings)
            pairs = _pairs(here, there)
        speed = median(one.wall / other.wall for one, other in pairs)
        cpu = median(other.cpu / one.cpu for one, other in pairs)
        measure = f"{model} x2, {name}: speed / engine"
        yield Row(measure, f"{speed:.2f}", f">= {least}", speed >= least)
        yield Row("  its processor time / engine", f"{cpu:.2f}", "<= 1.10", cpu <= 1.1)


@dataclass(frozen=True)
class _Cost:
    """Seconds of an image, and those of all processors."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class _Gate:
    """Lets images begin, in all processes that share ``folder``, while it is open."""

    folder: Path

    def wait(self) -> None:
        while not (self.folder / "open").exists():
            time.sleep(_PAUSE)

    def begin(self) -> None:
        self._count("begun")

    def end(self) -> None:
        self._count("ended")

    @property
    def ended(self) -> int:
        return self._counted("ended")

    @property
    def is_idle(self) -> bool:
        return self._counted("begun") == self.ended

    def _count(self, name: str) -> None:
        with (self.folder / name).open("ab", 0) as file:
            file.write(b".")

    def _counted(self, name: str) -> int:
        path = self.folder / name
        return path.stat().st_size if path.exists() else 0


class _Side:
    """A run in a thread of its own. A context manager that ends it."""

    def __init__(self, folder: Path, run: Callable[[threading.Event], Iterator[JobResult]]) -> None:
        folder.mkdir()
        self.gate = _Gate(folder)
        self._stop = threading.Event()
        self._run = run
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        (self.gate.folder / "open").touch()
        self._thread.join()

    def turn(self) -> _Cost:
        """Begin images until some have ended, and wait for those that were begun."""
        gate, door = self.gate, self.gate.folder / "open"
        before, ended = processor_seconds(os.getpid()), gate.ended
        started = time.monotonic()
        door.touch()
        while gate.ended < ended + _IMAGES:
            assert self._thread.is_alive(), "the run has ended"
            time.sleep(_PAUSE)
        door.unlink()
        time.sleep(2 * _PAUSE)  # an image that has just passed the gate is counted soon
        while not gate.is_idle:
            time.sleep(_PAUSE)
        seconds = time.monotonic() - started
        after, count = processor_seconds(os.getpid()), gate.ended - ended
        cpu = sum(after[pid] - before.get(pid, 0.0) for pid in after)
        return _Cost(seconds / count, cpu / count)

    def _work(self) -> None:
        for result in self._run(self._stop):
            assert self._stop.is_set() or isinstance(result, Done), result


class _Here(_Side):
    """The engine of one machine."""

    def __init__(
        self, folder: Path, paths: Sequence[Path], options: UpscaleOptions, upscaler: Upscaler
    ) -> None:
        def load(data: bytes, name: str, most: int) -> AbstractContextManager[LoadedFile]:
            self.gate.wait()
            self.gate.begin()
            return load_file(data, name, most)

        def run(stop: threading.Event) -> Iterator[JobResult]:
            names = [str(path) for path in paths]
            plan = plan_jobs(names, f"{folder}/", options, upscaler.model)
            for result in engine.run(plan, upscaler, options, ignore_pixels, stop, load):
                self.gate.end()
                yield result

        super().__init__(folder, run)


class _There(_Side):
    """A cluster."""

    def __init__(
        self, folder: Path, paths: Sequence[Path], options: UpscaleOptions, settings: RaySettings
    ) -> None:
        source, target = place_of(str(paths[0].parent)), place_of(str(folder))
        spec = WorkerSpec((source,), target, replace(options, jobs=None), "run")
        self._workers = settings.workers or 1

        def run(stop: threading.Event) -> Iterator[JobResult]:
            jobs = map(KeyedJob, open_store(source).list())
            return ray_engine(settings, notify=ignore)(spec, jobs, stop)

        super().__init__(folder, run)

    def wait(self) -> None:
        """Until all workers are open."""
        while len(list(self.gate.folder.glob("open-*"))) < self._workers:
            assert self._thread.is_alive(), "the run has ended"
            time.sleep(_PAUSE)


def _pairs(here: _Here, there: _There) -> list[tuple[_Cost, _Cost]]:
    """What both sides cost in turns that follow each other."""
    pairs = []
    with here, there:
        there.wait()
        there.turn(), here.turn()  # warm up
        for number in range(1, _TURNS):
            if number % 2:
                pairs.append((here.turn(), there.turn()))
            else:
                other = there.turn()
                pairs.append((here.turn(), other))
    return pairs


@contextmanager
def open_measured(
    spec: WorkerSpec,
    halt: threading.Event,
    progress: Callable[[int], None],
    notify: Callable[[str], None],
) -> Iterator[Callable[[KeyedJob], JobResult]]:
    """As `open_worker`, with a gate."""
    gate = _Gate(spec.target.folder)

    def work(job: KeyedJob) -> JobResult:
        gate.wait()
        gate.begin()
        result = worker(job)
        gate.end()
        return result

    with open_worker(spec, halt, progress, notify) as worker:
        (gate.folder / f"open-{os.getpid()}").touch()
        yield work


def processor_seconds(root: int) -> dict[int, float]:
    """Of the process ``root`` and all that descend from it, by their numbers."""
    found: dict[int, tuple[int, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks = int(fields[11]) + int(fields[12])
        found[int(folder.name)] = (int(fields[1]), ticks / os.sysconf("SC_CLK_TCK"))
    mine = {root}
    while more := {pid for pid, (parent, _) in found.items() if parent in mine} - mine:
        mine |= more
    return {pid: found[pid][1] for pid in mine}
