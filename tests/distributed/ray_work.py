"""Images in a bucket, and runs over them on a cluster and without one."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import JobResult
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.ray_address import ray_address
from sr_batch.distributed.ray_engine import ray_engine
from sr_batch.distributed.ray_messages import RaySettings
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.stores.location import Place, place_of
from sr_batch.stores.opening import open_store
from tests.distributed.memory_store import picture
from tests.distributed.ray_nodes import RayNodes
from tests.distributed.ray_worker import DEADLY, OPENER, open_fake_worker
from tests.object_server import Bucket


@dataclass
class Work:
    """Images in a bucket, and runs over them."""

    bucket: Bucket
    nodes: RayNodes
    images: int
    pixels: int = 0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number in range(self.images):
            self.bucket.put(f"in/{number:05}.png", picture(number))

    def place(self, prefix: str) -> Place:
        return place_of(f"{self.bucket.url}/{prefix}", self.bucket.endpoint)

    def spec(self, run: str, output: str = "out") -> WorkerSpec:
        return WorkerSpec((self.place("in"),), self.place(output), UpscaleOptions(), run)

    def jobs(self) -> Iterator[KeyedJob]:
        return map(KeyedJob, open_store(self.place("in")).list())

    def on_the_cluster(self, workers: int | None = None) -> Iterator[JobResult]:
        settings = RaySettings(ray_address(self.nodes.address), workers, opener=OPENER)
        engine = ray_engine(settings, self._add, self.said.append)
        return engine(self.spec("1"), self.jobs(), threading.Event())

    def command(self, address: str) -> "subprocess.Popen[str]":
        """The same run as a command."""
        places = (f"{self.bucket.url}/in", "-o", f"{self.bucket.url}/out")
        cluster = ("--engine", "ray", "--address", address, "--workers", "1", "--json")
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.distributed.ray_command", "upscale", *places),
                *("--endpoint-url", self.bucket.endpoint, *cluster),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def here(self, output: str = "out") -> list[JobResult]:
        """A run in this process, without a cluster."""
        spec, halt = self.spec("here", output), threading.Event()
        with open_fake_worker(spec, halt, self._add, self.said.append) as worker:
            return [worker(job) for job in self.jobs() if DEADLY not in job.source.key]

    def require_whole(self) -> None:
        """Every output was written once, and is what a run in this process writes."""
        self.here("alone")
        written = Counter(each.key for each in self.bucket.versions())
        for number in range(self.images):
            out, alone = (f"{folder}/{number:05}.png" for folder in ("out", "alone"))
            assert written[out] == 1
            assert self.bucket.get(out) == self.bucket.get(alone)

    def _add(self, pixels: int) -> None:
        self.pixels += pixels


def names(results: list[JobResult]) -> list[str]:
    return sorted(result.input.rpartition("/")[2] for result in results)
