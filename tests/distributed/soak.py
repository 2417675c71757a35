"""Enlarge many tiny images on a real cluster while its processes are killed at random.

``python -m tests.distributed.soak COUNT`` puts COUNT images into a bucket of moto, with versions,
and runs ``sr-batch upscale --engine ray`` on a head and two nodes until a run has ended by itself
with exit code 0. Meanwhile it kills workers, nodes, drivers, runs and the head with SIGKILL. Then
every image has one output, which was written once and has the bytes of a run on one machine.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.distributed.memory_store import picture
from tests.distributed.ray_nodes import (
    ENVIRONMENT,
    NODES,
    RayNodes,
    drivers,
    kill,
    ray_nodes,
)
from tests.object_server import Bucket, running_server

DIFFERENT = 500  # pictures, each of which many images have
KILLS = {"worker": 10, "node": 5, "driver": 5, "run": 3, "head": 3}
OPTIONS = ("--model", "espcn", "--device", "cpu", "--precision", "fp32", "--quiet")
LOST = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.distributed.soak", description=__doc__)
    parser.add_argument("count", type=int, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with ExitStack() as opened:
        opened.enter_context(patch.dict(os.environ, ENVIRONMENT))
        bucket = opened.enter_context(running_server()).make_bucket("soak")
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp")))
        nodes = opened.enter_context(ray_nodes(folder / "r", cores=1))
        soak = Soak(bucket, nodes, folder, arguments.count, random.Random(arguments.seed))
        soak.fill()
        started = time.monotonic()
        soak.run()
        print(f"{arguments.count} images in {time.monotonic() - started:.0f} s", flush=True)
        print(f"killed: {dict(soak.killed)}; exit codes: {dict(soak.codes)}", flush=True)
        soak.require_whole()
        print("every image has one output, written once, with the bytes of a run on one machine")


@dataclass
class Soak:
    """Images in a bucket, a cluster, and what happened to it.

    Attributes:
        folder: For the images that the run on one machine enlarges.
        killed: How often, by the kind of process.
        codes: How often runs ended with each exit code.
    """

    bucket: Bucket
    nodes: RayNodes
    folder: Path
    count: int
    random: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)

    def fill(self) -> None:
        pictures = [picture(number, (8, 8)) for number in range(min(DIFFERENT, self.count))]
        (self.folder / "in").mkdir()
        for number, data in enumerate(pictures):
            (self.folder / "in" / f"{number:03}.png").write_bytes(data)
        for number in range(self.count):
            name, data = _key("in", number), pictures[number % DIFFERENT]
            _backend().put_object(self.bucket.name, name, data)

    def run(self) -> None:
        """Run the command until it ends with 0. Each kill is due at some number of outputs."""
        kinds = [kind for kind, times in KILLS.items() for _ in range(times)]
        self.random.shuffle(kinds)
        due = sorted(self.random.randrange(self.count) for _ in kinds)
        kills = list(zip(due, kinds, strict=True))
        code = None
        while code != 0:
            process, before = self._start(), self._outputs()
            while (code := process.poll()) is None:
                made = self._outputs()
                is_due = kills and made >= max(kills[0][0], before + 1) and self.nodes.heads()
                if is_due and self._kill(kills[0][1], process.pid):
                    print(f"{made} outputs, {kills.pop(0)[1]} killed", flush=True)
                    before = made
                time.sleep(0.5)
            self.codes[code] += 1
            print(f"{self._outputs()} outputs, exit code {code}", flush=True)
            assert code in (0, LOST, -signal.SIGKILL), (self.folder / "log").read_text()
            self._repair()

    def require_whole(self) -> None:
        """Compare with a run on one machine."""
        self._enlarge(str(self.folder / "in"), str(self.folder / "out")).wait()
        stored = _outputs(self.bucket)
        assert sorted(stored) == [_key("out", number) for number in range(self.count)]
        for number in range(self.count):
            versions = stored[_key("out", number)]
            assert len(versions) == 1, versions
            alone = self.folder / "out" / f"{number % DIFFERENT:03}.png"
            assert versions[0] == alone.read_bytes(), number

    def _start(self) -> "subprocess.Popen[bytes]":
        cluster = ("--engine", "ray", "--address", self.nodes.address, "--workers", "2")
        ends = (f"{self.bucket.url}/in", f"{self.bucket.url}/out")
        return self._enlarge(*ends, *cluster, "--endpoint-url", self.bucket.endpoint)

    def _enlarge(self, source: str, target: str, *options: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "sr_batch", "upscale", source, "-o", target]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen([*command, *OPTIONS, *options], stdout=log, stderr=log)

    def _outputs(self) -> int:
        return sum(key.startswith("out/0") for key in list(_objects(self.bucket)))

    def _kill(self, kind: str, run: int) -> bool:
        """Whether there was such a process."""
        if kind == "head":
            victims = self.nodes.heads()
        elif kind == "node":
            node = self.random.choice(NODES)
            victims = self.nodes.raylets(node)
        elif kind == "worker":
            victims = self.nodes.workers()
            victims = [self.random.choice(victims)] if victims else []
        else:
            victims = [run] if kind == "run" else drivers(run)
        kill(*victims)
        if kind == "node" and victims:
            self.nodes.start_again(node)
            self.nodes.wait_for(node)
        self.killed[kind] += bool(victims)
        return bool(victims)

    def _repair(self) -> None:
        if not self.nodes.heads():
            self.nodes.close()
            self.nodes.start()


def _key(folder: str, number: int) -> str:
    return f"{folder}/{number:06}.png"


def _backend() -> Any:
    """What moto keeps, without requests."""
    from moto.s3.models import s3_backends

    return s3_backends["123456789012"]["aws"]


def _objects(bucket: Bucket) -> Any:
    """A dictionary, which also has the older versions."""
    return _backend().buckets[bucket.name].keys


def _outputs(bucket: Bucket) -> dict[str, list[bytes]]:
    """All versions of all that is stored as an output."""
    keys = _objects(bucket)
    names = [key for key in keys if key.startswith("out/") and not key.startswith("out/.sr-batch/")]
    return {name: [version.value for version in keys.getlist(name)] for name in names}


if __name__ == "__main__":
    main()
