"""What the run and its Ray driver, a child process, say to each other. Imports no Ray."""

from dataclasses import dataclass

from sr_batch.core.results import JobResult
from sr_batch.distributed.job import KeyedJob
from sr_batch.distributed.ray_address import RayAddress
from sr_batch.distributed.spec import WorkerSpec


@dataclass(frozen=True)
class RaySettings:
    """What the user asks of the cluster.

    Attributes:
        address: Of its head.
        workers: How many processes work; None for as many as the nodes have room for.
        cpus: Cores that each takes.
        gpus: Share of a GPU that each takes, or how many.
        opener: Opens a worker in its process, as ``module:function``.
    """

    address: RayAddress
    workers: int | None = None
    cpus: int = 1
    gpus: float = 0
    opener: str = "sr_batch.distributed.worker:open_worker"


@dataclass(frozen=True)
class NumberedJob:
    """A job and its number in the run, by which its result is known."""

    number: int
    job: KeyedJob


# From the run to the driver


@dataclass(frozen=True)
class Begin:
    """The first message."""

    settings: RaySettings
    spec: WorkerSpec


@dataclass(frozen=True)
class Tasks:
    """The answer to `Wanted`. ``last`` says that no more will follow."""

    tasks: tuple[NumberedJob, ...]
    last: bool


@dataclass(frozen=True)
class Stop:
    """Begin no more work, and end soon."""


# From the driver to the run


@dataclass(frozen=True)
class Connected:
    """The cluster has taken the driver in. ``dashboard`` is empty if there is none."""

    dashboard: str


@dataclass(frozen=True)
class Wanted:
    """The driver has room for ``count`` more jobs."""

    count: int


@dataclass(frozen=True)
class Finished:
    """Results by the numbers of their jobs, and the input pixels that were enlarged for them."""

    results: tuple[tuple[int, JobResult], ...]
    pixels: int = 0


@dataclass(frozen=True)
class Said:
    """A line for the user."""

    text: str


@dataclass(frozen=True)
class Ended:
    """The last message.

    Attributes:
        error: Why the run cannot go on; empty if it has ended as it should.
        exit_code: Of that error.
    """

    error: str = ""
    exit_code: int = 0


ToDriver = Begin | Tasks | Stop
FromDriver = Connected | Wanted | Finished | Said | Ended
