"""Many small images on a cluster, while workers, nodes and drivers are killed at random.

``python -m tests.distributed.soak --images 20000 --seconds-between-kills 10``
"""

import argparse
import logging
import os
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from moto.server import ThreadedMotoServer

from sr_batch.distributed import ray_engine
from sr_batch.distributed.ray_child import RayChild
from tests.distributed.ray_nodes import ENVIRONMENT, NODES, RayNodes, kill, ray_nodes
from tests.distributed.ray_work import Work, names
from tests.object_server import CREDENTIALS, ObjectServer


class Killer:
    """Kills something now and then, until it is stopped."""

    def __init__(self, nodes: RayNodes, seconds: float, seed: int) -> None:
        self.kills: Counter[str] = Counter()
        self.drivers: list[RayChild] = []
        self._nodes = nodes
        self._seconds = seconds
        self._random = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        ways: dict[str, Callable[[], None]] = {
            "worker": self._worker,
            "node": self._node,
            "driver": self._driver,
        }
        while not self._over.wait(self._random.uniform(0.5, 1.5) * self._seconds):
            (name,) = self._random.choices(list(ways), (8, 1, 2))
            ways[name]()

    def _worker(self) -> None:
        if workers := self._nodes.workers():
            kill(self._random.choice(workers))
            self.kills["worker"] += 1

    def _node(self) -> None:
        address = self._random.choice(NODES)
        self._nodes.kill_node(address)
        self.kills["node"] += 1
        self._nodes.start_node(address)
        self._nodes.wait_for(address)

    def _driver(self) -> None:
        if self.drivers:
            kill(self.drivers[-1].pid)
            self.kills["driver"] += 1


def main() -> None:
    """Run it, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--seconds-between-kills", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ.update(CREDENTIALS | ENVIRONMENT)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    bucket = ObjectServer(f"http://{host}:{port}").make_bucket("soak")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp"))
        nodes = stack.enter_context(ray_nodes(Path(folder, "r"), 9900))
        work = Work(bucket, nodes, arguments.images)
        seconds = arguments.seconds_between_kills
        killer = stack.enter_context(Killer(nodes, seconds, arguments.seed))

        class Remembered(RayChild):
            def __init__(self) -> None:
                super().__init__()
                killer.drivers.append(self)

        vars(ray_engine)["RayChild"] = Remembered
        began = time.monotonic()
        results = list(work.on_the_cluster())
        took = time.monotonic() - began
    assert names(results) == [f"{number:05}.png" for number in range(arguments.images)]
    work.require_whole()
    print(dict(Counter(result.status for result in results)), dict(killer.kills), f"{took:.0f} s")
    server.stop()


if __name__ == "__main__":
    main()
