"""Images in a bucket, and runs over them on a cluster and without one."""

import hashlib
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sr_batch.batch.job import log_warning
from sr_batch.batch.loading import load_file
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, JobResult
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.ray_address import ray_address
from sr_batch.distributed.ray_engine import ray_engine
from sr_batch.distributed.ray_messages import RaySettings
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.worker import KeyedWorker
from sr_batch.stores.location import Place, place_of
from sr_batch.stores.opening import open_store
from tests.distributed.memory_store import IN, OUT, MemoryStore, picture
from tests.distributed.ray_nodes import RayNodes
from tests.distributed.ray_worker import DEADLY, OPENER, open_fake_worker
from tests.fakes import FakeUpscaler
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

    def spec(self, run: str) -> WorkerSpec:
        return WorkerSpec((self.place("in"),), self.place("out"), UpscaleOptions(), run)

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

    def here(self) -> list[JobResult]:
        """A run in this process, without a cluster."""
        spec, halt = self.spec("here"), threading.Event()
        with open_fake_worker(spec, halt, self._add, self.said.append) as worker:
            return [worker(job) for job in self.jobs() if DEADLY not in job.source.key]

    def require_whole(self) -> None:
        """Every output was written once, and is what a run without a cluster makes."""
        versions = self.bucket.versions()
        written = Counter(each.key for each in versions)
        etags = {each.key: each.etag.strip('"') for each in versions}
        for key, etag in made_alone(self.images).items():
            assert (written[f"out/{key}"], etags[f"out/{key}"]) == (1, etag)

    def _add(self, pixels: int) -> None:
        self.pixels += pixels


def made_alone(images: int) -> dict[str, str]:
    """The MD5 of every output of a run in memory, which is its ETag in a bucket."""
    inputs, outputs = MemoryStore(), MemoryStore()
    for number in range(images):
        inputs.put(f"{number:05}.png", picture(number))
    worker = KeyedWorker(
        WorkerSpec((IN,), OUT, UpscaleOptions(), "alone"),
        FakeUpscaler(),
        threading.Event(),
        lambda pixels: None,
        log_warning,
        load_file,
        lambda place: inputs if place == IN else outputs,
    )
    assert all(isinstance(worker(KeyedJob(item)), Done) for item in inputs.list())
    return {key: hashlib.md5(outputs.data(key)).hexdigest() for key in outputs.pictures()}


def names(results: list[JobResult]) -> list[str]:
    return sorted(result.input.rpartition("/")[2] for result in results)
