"""A real Ray cluster on loopback: a head, and raylets that tests may kill.

Ray takes 127.0.0.1 for the address of the machine: each node has another loopback address. `ray
stop` is never used, as it would end all clusters of the machine.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

HEAD = "127.0.0.2"
NODES = ("127.0.0.3", "127.0.0.4")
_RAY = (sys.executable, "-m", "ray.scripts.scripts")
_STARTING = 300.0  # seconds, on the busiest machine
# Ray waits for a minute before it takes a lost head for lost, for 15 seconds before it takes a node
# for lost, and starts slowly on a busy machine.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "4",
    "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "4",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "300",
    "RAY_raylet_start_wait_time_s": "40",
}


def until(holds: Callable[[], object], what: str, seconds: float = _STARTING) -> None:
    """Wait until ``holds`` is true."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.05)


@dataclass
class RayNodes:
    """The processes of one cluster.

    Attributes:
        folder: For its files; its path is short, as those of sockets must be.
        port: Of the head.
        client_port: Of the head, for drivers outside of the cluster.
        cores: Logical ones, of each node.
        addresses: Of the nodes.
    """

    folder: Path
    port: int
    client_port: int
    cores: int = 1
    addresses: tuple[str, ...] = NODES
    _started: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    _arguments: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{HEAD}:{self.port}"

    def start(self) -> None:
        """Start the head and all nodes."""
        self.start_head()
        self._wait(HEAD, self._answers)
        for address in self.addresses:
            self.start_node(address)
        for address in (HEAD, *self.addresses):
            self.wait_for(address)

    def start_head(self) -> None:
        """Start the head, which itself has no cores for workers."""
        self._start(
            HEAD,
            "--head",
            f"--port={self.port}",
            f"--ray-client-server-port={self.client_port}",
            "--num-cpus=0",
            "--include-dashboard=false",
            "--no-monitor",
            f"--temp-dir={self.folder}",
        )

    def start_node(self, address: str) -> None:
        self._start(address, f"--address={self.address}", f"--num-cpus={self.cores}")

    def start_again(self, address: str, cores: int | None = None) -> None:
        """Start a node or the head as before, or a node with more cores."""
        more = () if cores is None else (f"--num-cpus={cores}",)
        self._start(address, *self._arguments[address], *more)

    def wait_for(self, address: str) -> None:
        """Wait until the node runs."""
        self._wait(address, lambda: b"Ray runtime started" in self._log(address).read_bytes())

    def _wait(self, address: str, runs: Callable[[], bool]) -> None:
        """On a busy machine a node gives up, and is started again."""

        def tried() -> bool:
            if self._started[address].poll() is not None:
                self.start_again(address)
            return runs()

        until(tried, address)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((HEAD, self.port), 1):
            return True
        return False

    def workers(self, address: str | None = None, call: str = "") -> list[int]:
        """The processes of workers on all nodes or on one, if they are in a certain call."""
        nodes = self.addresses if address is None else (address,)
        raylets = {pid for node in nodes for pid in self.raylets(node)}
        return [
            pid
            for pid, (parent, line) in _processes().items()
            if parent in raylets and line.startswith(f"ray::ChunkWorker{call}")
        ]

    def heads(self) -> list[int]:
        """The process without which the cluster is lost."""
        return self._own("gcs/gcs_server")

    def raylets(self, address: str) -> list[int]:
        """The process of a node; its workers end with it."""
        return self._own("raylet/raylet", f"--node_ip_address={address} ")

    def terminate(self, address: str) -> None:
        """Send SIGTERM to the command that started the node, as when its machine is taken away."""
        self._started[address].terminate()

    def close(self) -> None:
        for started in self._started.values():
            _end(started)
        kill(*self._own())

    def _log(self, address: str) -> Path:
        return self.folder.parent / f"{address}.log"

    def _own(self, *signs: str) -> list[int]:
        """The processes with the folder of this cluster and all ``signs`` in their commands."""
        return [
            pid
            for pid, (_, line) in _processes().items()
            if all(sign in line for sign in (str(self.folder), *signs))
        ]

    def _start(self, address: str, *arguments: str) -> None:
        command = [
            *(*_RAY, "start", "--block"),
            *(f"--node-ip-address={address}", "--disable-usage-stats"),
            *("--object-store-memory=80000000", "--include-log-monitor=false"),
            *arguments,
        ]
        if before := self._started.get(address):
            _end(before)
        with self._log(address).open("wb") as log:
            self._started[address] = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True
            )
        self._arguments[address] = arguments


def _end(started: "subprocess.Popen[bytes]") -> None:
    """Kill a node and all that it has started, such as agents, which its end does not end."""
    members = [pid for pid in _processes() if _session(pid) == started.pid]
    started.kill()
    started.wait()
    kill(*members)


def _session(pid: int) -> int:
    with suppress(ProcessLookupError):
        return os.getsid(pid)
    return 0


def kill(*pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def drivers(run: int) -> list[int]:
    """The drivers that the process ``run`` has started."""
    return [
        pid
        for pid, (parent, line) in _processes().items()
        if parent == run and "ray_driver" in line
    ]


def _processes() -> dict[int, tuple[int, str]]:
    """The parent and the command of each process, by its number."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if line:  # a zombie has none
                found[int(folder.name)] = (parent, line)
    return found


def _free_ports() -> int:
    """The first of two ports that are free, below those that Ray takes for workers."""
    for first in range(5000 + os.getpid() % 2400 * 2, 9998, 2):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("0.0.0.0", first))
                other.bind(("0.0.0.0", first + 1))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


@contextmanager
def ray_nodes(
    folder: Path, cores: int = 1, addresses: tuple[str, ...] = NODES
) -> Iterator[RayNodes]:
    """A head and nodes with so many logical cores each."""
    port = _free_ports()
    nodes = RayNodes(folder, port, port + 1, cores, addresses)
    try:
        nodes.start()
        yield nodes
    finally:
        nodes.close()
