"""A real Ray cluster on loopback: a head, and raylets that tests may kill.

Ray takes 127.0.0.1 for the address of the machine: each node has another loopback address. `ray
stop` is never used, as it would end all clusters of the machine.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

HEAD = "127.0.0.2"
NODES = ("127.0.0.3", "127.0.0.4")
_STARTING = 240.0  # seconds, on the busiest machine
# Ray waits for a minute before it takes a lost head for lost, and starts slowly on a busy machine.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "6",
    "RAY_raylet_start_wait_time_s": str(int(_STARTING)),
    "RAY_agent_register_timeout_ms": str(int(1000 * _STARTING)),
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
    """

    folder: Path
    port: int
    client_port: int
    _started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{HEAD}:{self.port}"

    def start_head(self) -> None:
        """Start the head, which itself has no cores for workers."""
        self._start(
            HEAD,
            "--head",
            f"--port={self.port}",
            f"--ray-client-server-port={self.client_port}",
            "--num-cpus=0",
            "--include-dashboard=false",
            f"--temp-dir={self.folder}",
        )
        self.wait_for(HEAD)

    def start_node(self, address: str, cores: int = 1) -> None:
        self._start(address, f"--address={self.address}", f"--num-cpus={cores}")

    def wait_for(self, address: str) -> None:
        """Wait until the node has said that it runs."""
        log = self._log(address)
        until(lambda: b"Ray runtime started" in log.read_bytes(), address)

    def workers(self, address: str | None = None) -> list[int]:
        """The processes of workers that are open, on all nodes or on one."""
        nodes = NODES if address is None else (address,)
        raylets = {pid for node in nodes for pid in self._raylets(node)}
        return [
            pid
            for pid, (parent, line) in _processes().items()
            if parent in raylets and line.startswith("ray::ChunkWorker")
        ]

    def kill_node(self, address: str) -> None:
        """Kill the raylet of a node; its workers end with it."""
        for pid in self._raylets(address):
            kill(pid)

    def kill_head(self) -> None:
        for pid in self._own("gcs/gcs_server"):
            kill(pid)

    def close(self) -> None:
        for started in self._started:
            started.kill()
            started.wait()
        for pid in self._own():
            kill(pid)

    def _agent_ports(self, address: str) -> list[str]:
        """Ports that are known: a raylet waits only 15 s for agents to choose theirs."""
        first = self.port + 2 + 4 * (HEAD, *NODES).index(address)
        names = (
            "dashboard-agent-grpc-port",
            "dashboard-agent-listen-port",
            "metrics-export-port",
            "runtime-env-agent-port",
        )
        return [f"--{name}={first + place}" for place, name in enumerate(names)]

    def _log(self, address: str) -> Path:
        return self.folder.parent / f"{address}.log"

    def _raylets(self, address: str) -> list[int]:
        return self._own("raylet/raylet", f"--node_ip_address={address} ")

    def _own(self, *signs: str) -> list[int]:
        """The processes with the folder of this cluster and all ``signs`` in their commands."""
        return [
            pid
            for pid, (_, line) in _processes().items()
            if all(sign in line for sign in (str(self.folder), *signs))
        ]

    def _start(self, address: str, *arguments: str) -> None:
        command = [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block"),
            *(f"--node-ip-address={address}", "--disable-usage-stats"),
            *("--object-store-memory=80000000", "--include-log-monitor=false"),
            *self._agent_ports(address),
            *arguments,
        ]
        with self._log(address).open("wb") as log:
            self._started.append(
                subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            )


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


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


@contextmanager
def ray_nodes(folder: Path, port: int) -> Iterator[RayNodes]:
    """A head and two nodes with two logical cores each; they may still be starting."""
    nodes = RayNodes(folder, port, port + 1)
    try:
        nodes.start_head()
        for address in NODES:
            nodes.start_node(address, cores=2)
        for address in NODES:
            nodes.wait_for(address)
        yield nodes
    finally:
        nodes.close()
