"""The Ray cluster, as its driver sees it: nodes, workers and answers. The seam of Ray."""

import contextlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError

from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.distributed.ray_actor import ChunkWorker
from sr_batch.distributed.ray_messages import RaySettings
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.stores.store import Unreachable

_THREADS = 4  # of a worker for calls: two chunks, a stop, and the end
CONNECTION_ERRORS = (ConnectionError, RayError)  # of a driver outside of the cluster
_CLOSING = 60.0  # seconds for the last records of all workers


class Lost(Exception):
    """A worker has ended.

    Attributes:
        by_itself: Whether its process has ended; otherwise its node is gone, or cannot be reached.
    """

    def __init__(self, why: str, by_itself: bool) -> None:
        super().__init__(why)
        self.by_itself = by_itself


@dataclass(frozen=True)
class Hand:
    """One worker on the cluster."""

    actor: Any

    def begin(self, method: str, *arguments: object) -> Any:
        """Call ``method`` of `ChunkWorker`. Returns what `Cluster.answer` takes."""
        return getattr(self.actor, method).remote(*arguments)


class Cluster:
    """A connection to a cluster. Ray has one for a process.

    Args:
        settings: What the user asked for.

    Raises:
        Unreachable: what answers is no Ray cluster, or refuses this driver.
        UsageError: Ray's versions or Python's differ.
    """

    def __init__(self, settings: RaySettings) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        self._settings = settings
        self._actor_class = ray.remote(ChunkWorker)
        context = _connected(settings)
        self.dashboard: str = getattr(context, "dashboard_url", None) or ""

    def hire(self, spec: WorkerSpec) -> Hand:
        """Start a worker, now or as soon as a node has room for it."""
        want = self._settings
        actor = self._actor_class.options(
            num_cpus=want.cpus,
            num_gpus=want.gpus,
            max_concurrency=_THREADS,
            max_restarts=0,
            max_task_retries=0,
        ).remote(spec, want.opener, want.cpus)
        return Hand(actor)

    def dismiss(self, hand: Hand) -> None:
        """End a worker at once."""
        with contextlib.suppress(RayError, ConnectionError):
            ray.kill(hand.actor)

    def room(self, draining: frozenset[str]) -> int:
        """How many workers fit on the nodes but ``draining``, if nobody else uses them."""
        nodes = [node for node in _nodes() if node["Alive"] and node["NodeID"] not in draining]
        return sum(self._fit(node["Resources"]) for node in nodes)

    def draining(self) -> frozenset[str]:
        """Nodes that will soon be taken away. A driver outside of the cluster is not told."""
        if self._settings.address.is_client:
            return frozenset()
        try:
            return frozenset(ray._private.state.state.get_draining_nodes())
        except (AttributeError, RayError):
            return frozenset()

    def wait(self, calls: Sequence[Any], seconds: float) -> list[Any]:
        """Those of ``calls`` that have ended within ``seconds``, as soon as there is one."""
        return ray.wait(list(calls), num_returns=1, timeout=seconds)[0]

    def answer(self, call: Any) -> Any:
        """What a call returned.

        Raises:
            Lost: the worker has ended, or has raised something.
        """
        try:
            return ray.get(call)
        except RayTaskError as error:
            raise Lost(_last_line(error), by_itself=True) from error
        except RayActorError as error:
            raise Lost(_last_line(error), by_itself=not _is_of_node(error)) from error
        except RayError as error:
            raise Lost(_last_line(error), by_itself=False) from error

    def close(self, hands: Sequence[Hand]) -> list[str]:
        """Let workers store their last records, and end them. Returns what went wrong."""
        calls = [hand.begin("close") for hand in hands]
        ended = ray.wait(calls, num_returns=len(calls), timeout=_CLOSING)[0] if calls else []
        problems = []
        for call in ended:
            with contextlib.suppress(RayError, GetTimeoutError):
                problems.append(ray.get(call))
        for hand in hands:
            self.dismiss(hand)
        return [problem for problem in problems if problem]

    def _fit(self, resources: dict[str, float]) -> int:
        want = self._settings
        fits = [int(resources.get("CPU", 0) // want.cpus)]
        if want.gpus:
            fits.append(int(resources.get("GPU", 0) / want.gpus + 1e-9))
        return min(fits)


def _nodes() -> list[dict[str, Any]]:
    return ray.nodes()  # type: ignore[no-untyped-call, no-any-return, unused-ignore]


def _connected(settings: RaySettings) -> Any:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if settings.address.host:
        quiet["address"] = str(settings.address)
    else:
        quiet |= {"address": "local", "include_dashboard": False}
    try:
        return ray.init(**quiet)
    except ImportError as error:
        raise UsageError(f"--address {settings.address}: {_last_line(error)}") from error
    except Exception as error:
        raise _refusal(settings, error) from error


def _refusal(settings: RaySettings, error: Exception) -> SrBatchError:
    """Why Ray did not connect, in one line."""
    text = _last_line(error)
    if "ersion" in text and "mismatch" in str(error):
        return UsageError(f"--address {settings.address}: {text}")
    if not settings.address.host:
        return Unreachable(f"--address {settings.address}: Ray did not start here: {text}")
    return Unreachable(
        f"--address {settings.address}: something answers there, but it is no Ray cluster, or it"
        f" wants another token, in RAY_AUTH_TOKEN with RAY_AUTH_MODE=token: {text}"
    )


def _is_of_node(error: RayActorError) -> bool:
    text = str(error)
    return any(sign in text for sign in ("node has died", "node died", "node was", "unavailable"))


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
