"""Checks that work on very many files begins soon, and that memory does not grow with them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from benchmarks.setting import Row, Setting

_FOLDER = 1000  # files in each folder
_FILES = int(os.environ.get("SR_BATCH_BENCHMARK_FILES", "30000"))
_KEYS = 10 * _FILES
_MORE = 32  # MiB, how much memory may grow
_MOST = 200  # MiB, of the plan of any number of files; its table has a cache of bounded size
_PEAK = """
import json, sys, time
from sr_batch.inference.model_memory import peak_bytes

def peak():
    return peak_bytes() / 2**20
"""
_PLAN = f"""{_PEAK}
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.options import UpscaleOptions

started, cpu = time.perf_counter(), time.process_time()
plan = plan_jobs([sys.argv[1]], sys.argv[2], UpscaleOptions(), "espcn")
first = {{"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}}
first |= {{"files": len(plan.jobs), "peak": peak()}}
count = len(plan.jobs)
for job in plan.rest:
    count += 1
    if count % 100_000 == 0:
        print(f"{{count}} files: {{time.process_time() - cpu:.0f}} s of CPU time,"
              f" {{peak():.0f}} MiB", file=sys.stderr, flush=True)
rest = {{"cpu": time.process_time() - cpu, "files": count, "peak": peak()}}
print(json.dumps([first, rest]))
"""
_SIMULATED = f"""{_PEAK}
from sr_batch.batch.input_choice import Choice
from sr_batch.core.options import UpscaleOptions
from sr_batch.distributed.listing import Listing
from sr_batch.distributed.names import OutputNames
from sr_batch.distributed.roots import Root
from sr_batch.stores.location import Place
from sr_batch.stores.store import Item

class Names:
    def __init__(self, count):
        self.count = count

    def list(self, prefix=""):
        for number in range(self.count):
            key = f"{{number // 1000:05d}}/{{number:08d}}.jpg"
            yield Item(key, 300_000, f"{{number:032x}}", 1.7e9)

def plan(count):
    cpu, made = time.process_time(), OutputNames.of_options(UpscaleOptions())
    listing = Listing(Place("s3://out/large"), Names(0), made, Choice(), numbers=False)
    jobs = listing.jobs(Root(Place("s3://in/photos")), 0, Names(count))
    assert sum(1 for _ in jobs) == count
    return time.process_time() - cpu, peak()

few = plan(10_000)
print(json.dumps([few, plan(int(sys.argv[1]))]))
"""


def streams(setting: Setting) -> Iterator[Row]:
    """Plan many tiny files, names of one file in folders of a thousand, and many more keys."""
    inputs, outputs = setting.folder / "in", setting.folder / "out"
    _make(inputs)
    yield Row(f"first of {_FILES:,} files done", f"{_first(inputs, outputs):.1f} s", "", True)
    yield from _simulated()
    yield from _planned(inputs, outputs)


def _first(inputs: Path, outputs: Path) -> float:
    """Seconds from the start of the command to its first result."""
    command = [sys.executable, "-m", "sr_batch", "upscale", str(inputs), "-o", str(outputs)]
    command += ["--model", "espcn", "--json"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        assert run.stdout
        result = json.loads(run.stdout.readline())
        seconds = time.perf_counter() - started
        run.terminate()
        run.communicate()
    if result["status"] != "done":
        raise RuntimeError(str(result))
    return seconds


def _simulated() -> Iterator[Row]:
    few, many = json.loads(_printed(_SIMULATED, str(_KEYS)))
    each = many[0] / _KEYS * 1e6
    yield Row(f"{_KEYS:,} simulated keys planned, CPU each", f"{each:.1f} us", "", True)
    grown, goal = f"{few[1]:.0f} -> {many[1]:.0f} MiB", f"<= {_MORE} MiB more"
    yield Row("  memory", grown, goal, many[1] - few[1] <= _MORE)


def _planned(inputs: Path, outputs: Path) -> Iterator[Row]:
    first, rest = json.loads(_printed(_PLAN, str(inputs), str(outputs)))
    took = f"{first['seconds']:.1f} s, CPU {first['cpu']:.1f} s"
    yield Row(f"{first['files']} files planned before the work", took, "", True)
    each = (rest["cpu"] - first["cpu"]) / (rest["files"] - first["files"]) * 1e6
    yield Row(f"  for each of {rest['files']} files, CPU", f"{each:.0f} us", "", True)
    grown = f"{first['peak']:.0f} -> {rest['peak']:.0f} MiB"
    yield Row(
        "  memory for the plan of the others", grown, f"<= {_MOST} MiB", rest["peak"] <= _MOST
    )


def _printed(program: str, *arguments: str) -> bytes:
    """What ``program`` prints. Its progress is shown on standard error."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def _make(folder: Path) -> None:
    """Make files quickly: all are links to copies of one picture."""
    for number in range(_FILES):
        place = folder / f"{number // _FOLDER:05d}"
        if number % _FOLDER == 0:
            place.mkdir(parents=True)
            Image.new("RGB", (24, 24)).save(place / "0000.png")
        else:
            os.link(place / "0000.png", place / f"{number % _FOLDER:04d}.png")
