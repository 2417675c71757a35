"""What the server costs beside the engine alone, and how it does with many clients at once."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from statistics import quantiles

import httpx

from benchmarks.photos import photographs
from benchmarks.setting import Row, Setting
from benchmarks.work import enlarge, ignore, in_turns, options_for
from sr_batch.core.options import UpscaleOptions
from sr_batch.serve.server import serve as run
from sr_batch.serve.settings import ServeOptions
from sr_batch.upscaling.upscaler import Upscaler

COUNT = 100
CLIENTS = 64
SECONDS = 60.0

_UPSCALE = "/api/v1/upscale"
_SENDERS = 4  # one picture each: more than the server works on at once


def serve(setting: Setting) -> Iterator[Row]:
    """Compare the interface with the engine on the same photographs; then 64 clients at once."""
    photographs(setting.photos, setting.folder / "in", COUNT, (0.1, 0.3))
    paths = sorted((setting.folder / "in").iterdir())
    options = options_for("balanced", 2, "keep", setting)
    with Upscaler(options, ignore) as upscaler, _server(options, setting) as client:
        _sent(paths[:4], client, setting.folder / "warm")
        enlarge(paths[:4], options, setting.folder / "warm2", upscaler)
        door = engine = 0.0
        for group in in_turns(paths):
            door += _sent(group, client, setting.folder / "served")
            engine += enlarge(group, options, setting.folder / "out", upscaler)
        ratio = engine / door
        measure = f"balanced x2, {COUNT} photographs: engine / API"
        yield Row(measure, f"{ratio:.2f}", ">= 0.95", ratio >= 0.95)
        yield from _crowd(paths, client, engine / COUNT, setting.folder)


def _crowd(
    paths: Sequence[Path], client: httpx.Client, seconds: float, folder: Path
) -> Iterator[Row]:
    """Rows about many clients that ask again and again; ``seconds`` for one picture alone."""
    expected = {path: (folder / "served" / path.name).read_bytes() for path in paths}
    ends = time.monotonic() + SECONDS

    def ask(number: int) -> tuple[int, list[float]]:
        wrong = 0
        waited: list[float] = []
        while time.monotonic() < ends:
            path = paths[(number + len(waited) * CLIENTS) % len(paths)]
            started = time.monotonic()
            answer = client.post(_UPSCALE, content=path.read_bytes())
            waited.append(time.monotonic() - started)
            wrong += answer.content != expected[path]
        return wrong, waited

    with ThreadPoolExecutor(CLIENTS) as pool:
        results = list(pool.map(ask, range(CLIENTS)))
    wrong, waited = sum(each for each, _ in results), [t for _, each in results for t in each]
    measure = f"{CLIENTS} clients for {SECONDS:.0f} s: failed or mixed up"
    yield Row(measure, f"{wrong} of {len(waited)}", "0", wrong == 0)
    slow, bare = quantiles(waited, n=20)[-1], CLIENTS * seconds
    measure = f"{CLIENTS} clients: p95 / {CLIENTS} pictures by the engine"
    yield Row(measure, f"{slow:.1f} / {bare:.1f} s", "<= 1.5", slow <= 1.5 * bare)


def _sent(paths: Sequence[Path], client: httpx.Client, out: Path) -> float:
    """Seconds until the results of ``paths`` are in ``out``."""
    out.mkdir(exist_ok=True)

    def send(path: Path) -> None:
        answer = client.post(_UPSCALE, content=path.read_bytes())
        (out / path.name).write_bytes(answer.raise_for_status().content)

    started = time.perf_counter()
    with ThreadPoolExecutor(_SENDERS) as pool:
        list(pool.map(send, paths))
    return time.perf_counter() - started


@contextmanager
def _server(base: UpscaleOptions, setting: Setting) -> Iterator[httpx.Client]:
    """A client of a server in this process."""
    started: Queue[str] = Queue()
    stop = threading.Event()
    arguments = (ServeOptions(port=0), base, ignore, started.put, stop, setting.folder)
    thread = threading.Thread(target=run, args=arguments)
    thread.start()
    limits = httpx.Limits(max_connections=CLIENTS)
    with httpx.Client(base_url=started.get(timeout=60), timeout=300, limits=limits) as client:
        yield client
    stop.set()
    thread.join()
