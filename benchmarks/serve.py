"""What the server costs beside the engine alone, and how it does with many clients at once."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import httpx

from benchmarks.photos import photographs
from benchmarks.setting import Row, Setting
from benchmarks.work import enlarge, ignore, in_turns, options_for
from sr_batch.upscaling.upscaler import Upscaler

COUNT = 100
CLIENTS = 64
SECONDS = 40.0

_TURNS = 2  # of the clients and the engine, so that a slow minute of the machine affects both
_MEGAPIXELS = (0.01, 0.02)
_MODEL, _SCALE = "fast", 2
_UPSCALE = f"/api/v1/upscale?model={_MODEL}&scale={_SCALE}&precision=fp32"
_FEW = 4  # clients; as many pictures as the engine works on at once
_PATIENCE = 300.0

Engine = Callable[[Sequence[Path], str], float]
"""Seconds for pictures, whose outputs go to a folder of that name."""


def serve(setting: Setting) -> Iterator[Row]:
    """Compare the interface with the engine on the same photographs; then 64 clients at once."""
    photographs(setting.photos, setting.folder / "in", COUNT, _MEGAPIXELS)
    paths = sorted((setting.folder / "in").iterdir())
    options = options_for(_MODEL, _SCALE, "keep", setting)
    with Upscaler(options, ignore) as upscaler, _server(setting) as server:

        def engine(group: Sequence[Path], out: str) -> float:
            return enlarge(group, options, setting.folder / out, upscaler)

        server.upscale_all(paths[:_FEW])  # opens the network
        engine(paths[:_FEW], "warm")
        served = alone = 0.0
        for group in in_turns(paths):
            served += server.upscale_all(group)
            alone += engine(group, "out")
        ratio = alone / served
        measure = f"{_MODEL} x{_SCALE}, {COUNT} photographs: engine / API"
        yield Row(measure, f"{ratio:.2f}", ">= 0.95", ratio >= 0.95)
        expected = {path: (setting.folder / "out" / path.name).read_bytes() for path in paths}
        yield from _crowd(expected, server, engine)


@dataclass(frozen=True)
class _Server:
    """A server in a process, and a client of it."""

    process: "subprocess.Popen[str]"
    client: httpx.Client

    def upscale(self, path: Path) -> bytes:
        """The enlarged picture."""
        answer = self.client.post(_UPSCALE, content=path.read_bytes())
        return answer.raise_for_status().content

    def upscale_all(self, paths: Sequence[Path]) -> float:
        """Seconds that a few clients wait for all of them."""
        started = time.perf_counter()
        with ThreadPoolExecutor(_FEW) as pool:
            list(pool.map(self.upscale, paths))
        return time.perf_counter() - started

    @property
    def peak_bytes(self) -> int:
        """The most memory that it has used so far. Linux only."""
        with Path("/proc", str(self.process.pid), "status").open() as lines:
            return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def _crowd(expected: dict[Path, bytes], server: _Server, engine: Engine) -> Iterator[Row]:
    """Rows about many clients that ask again and again, in turns with the engine."""
    before, bare = server.peak_bytes, 0.0
    paths = sorted(expected)
    asked: list[tuple[float, bool]] = []
    for turn in range(_TURNS):
        asked += _asked(expected, server)
        bare += engine(paths[:CLIENTS], f"crowd{turn}") / _TURNS
    wrong = sum(not right for _, right in asked)
    measure = f"{CLIENTS} clients for {SECONDS:.0f} s: failed or mixed up"
    yield Row(measure, f"{wrong} of {len(asked)}", "0", wrong == 0)
    slow = quantiles([seconds for seconds, _ in asked], n=20)[-1]
    measure = f"  p95 / {CLIENTS} pictures by the engine"
    yield Row(measure, f"{slow:.1f} / {bare:.1f} s", "<= 1.5", slow <= 1.5 * bare)
    grown = server.peak_bytes / before
    yield Row(f"  peak memory / with {_FEW} clients", f"{grown:.2f}", "<= 1.30", grown <= 1.3)


def _asked(expected: dict[Path, bytes], server: _Server) -> list[tuple[float, bool]]:
    """The seconds of each answer, and whether it was right."""
    paths, ends = list(expected), time.monotonic() + SECONDS / _TURNS

    def ask(number: int) -> list[tuple[float, bool]]:
        answers: list[tuple[float, bool]] = []
        while time.monotonic() < ends:
            path = paths[(number + len(answers) * CLIENTS) % len(paths)]
            started = time.monotonic()
            try:
                right = server.upscale(path) == expected[path]
            except httpx.HTTPError:
                right = False
            answers.append((time.monotonic() - started, right))
        return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        return [answer for answers in pool.map(ask, range(CLIENTS)) for answer in answers]


@contextmanager
def _server(setting: Setting) -> Iterator[_Server]:
    flags = ("--port", "0", "--device", "cpu", "--jobs", str(setting.threads))
    command = [sys.executable, "-m", "sr_batch", "serve", *flags]
    limits = httpx.Limits(max_connections=CLIENTS)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().split()[2]
        try:
            with httpx.Client(base_url=address, timeout=_PATIENCE, limits=limits) as client:
                yield _Server(process, client)
        finally:
            process.terminate()
