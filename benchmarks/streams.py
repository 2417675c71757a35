"""Checks that work on very many files begins soon, and that memory does not grow with them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from benchmarks.setting import Row, Setting

_FOLDER = 1000  # files in each folder
_FILES = int(os.environ.get("SR_BATCH_BENCHMARK_FILES", "30000"))
_PLAN = """
import json, resource, sys, time
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.options import UpscaleOptions

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

started, cpu = time.perf_counter(), time.process_time()
plan = plan_jobs([sys.argv[1]], sys.argv[2], UpscaleOptions(), "espcn")
first = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
first |= {"files": len(plan.jobs), "peak": peak()}
count = sum(1 for _ in plan.rest)
rest = {"cpu": time.process_time() - cpu, "files": len(plan.jobs) + count, "peak": peak()}
print(json.dumps([first, rest]))
"""


def streams(setting: Setting) -> Iterator[Row]:
    """Plan many tiny files: names of one file, in folders of a thousand."""
    _make(setting.folder)
    command = [sys.executable, "-c", _PLAN, str(setting.folder / "in"), str(setting.folder / "out")]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    first, rest = json.loads(printed)
    took = f"{first['seconds']:.1f} s, CPU {first['cpu']:.1f} s"
    yield Row(f"{first['files']} files planned before the work", took, "", True)
    each = (rest["cpu"] - first["cpu"]) / (rest["files"] - first["files"]) * 1e6
    yield Row(f"  for each of {rest['files']} files, CPU", f"{each:.0f} us", "", True)
    grown = rest["peak"] - first["peak"]
    peak = f"{first['peak']:.0f} -> {rest['peak']:.0f} MiB"
    yield Row("  memory for the plan of the others", peak, "<= 32 MiB more", grown <= 32)


def _make(folder: Path) -> None:
    """Make files quickly: all are links to copies of one picture."""
    for number in range(_FILES):
        place = folder / "in" / f"{number // _FOLDER:05d}"
        if number % _FOLDER == 0:
            place.mkdir(parents=True)
            Image.new("RGB", (24, 24)).save(place / "0000.png")
        else:
            os.link(place / "0000.png", place / f"{number % _FOLDER:04d}.png")
