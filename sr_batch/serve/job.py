"""One picture that a client wants enlarged: what is known of it, and how it is told as JSON."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sr_batch import codec
from sr_batch.batch.enlarge_file import Outline
from sr_batch.serve.client_options import JobOptions
from sr_batch.serve.names import output_name
from sr_batch.serve.problems import Problem
from sr_batch.serve.store import StoredFile

Status = Literal["held", "waiting", "running", "done", "failed", "canceled"]
STATUSES: tuple[Status, ...] = get_args(Status)
RESTING: tuple[Status, ...] = ("held", "done", "failed", "canceled")


@dataclass(eq=False)
class Job:
    """One picture. It changes only under the lock of its queue.

    Attributes:
        name: A label that the client gave; never a path on this machine.
        file: What the client sent.
        header: Of it.
        options: What was asked for.
        plan: What that makes of it.
        listed: Whether clients see it, or only the request that waits for it.
        model: What enlarged it, or will; ``auto`` until it is known.
        done_pixels: Pixels of the input that are enlarged.
        result: The output.
        changed: When its status last changed, by a clock that never goes back.
        stop: While it runs, ends the work on it when it is set.
        finished: Called when it rests.
    """

    name: str
    file: StoredFile
    header: codec.Header
    options: JobOptions
    plan: Outline
    listed: bool = True
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    status: Status = "held"
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    changed: float = field(default_factory=time.monotonic)
    model: str = ""
    precision: str | None = None
    notes: tuple[str, ...] = ()
    problem: Problem | None = None
    done_pixels: int = 0
    started: float = 0.0
    seconds: float | None = None
    result: StoredFile | None = None
    stop: threading.Event | None = None
    finished: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = self.model or self.options.chosen.model

    @property
    def output(self) -> str:
        """The name of the result."""
        return output_name(self.name, self.options.chosen, self.model, self.plan.kind)

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return 1.0 if self.status == "done" else min(1.0, self.done_pixels / self.header.pixels)

    def eta(self, pace: float | None) -> float | None:
        """Seconds until it is done; None while nobody knows.

        Args:
            pace: Seconds for a pixel in earlier jobs of this kind, if there were any.
        """
        if self.status != "running":
            return None
        passed, progress = time.monotonic() - self.started, self.progress
        if progress > 0.05:
            return passed * (1 - progress) / progress
        return None if pace is None else max(0.0, pace * self.header.pixels - passed)

    def remove_files(self) -> None:
        """Delete what is stored of it."""
        self.file.remove()
        self.drop_result()

    def drop_result(self) -> None:
        """Delete the result, if there is one."""
        if self.result:
            self.result.remove()
        self.result = None

    def to_json(self, pace: float | None = None) -> dict[str, Any]:
        """As clients see it."""
        eta, result = self.eta(pace), self.result
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "progress": round(self.progress, 4),
            "eta_seconds": None if eta is None else round(eta, 1),
            "created": f"{self.created:%Y-%m-%dT%H:%M:%SZ}",
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "input": {
                "width": self.header.size.width,
                "height": self.header.size.height,
                "bytes": self.file.size,
                "format": self.header.format,
                "pages": len(self.header.sizes),
            },
            "output": {
                "width": self.plan.sizes[0].width,
                "height": self.plan.sizes[0].height,
                "bytes": result.size if result else None,
                "format": self.plan.kind,
                "name": self.output,
            },
            "model": self.model,
            "precision": self.precision,
            "notes": list(self.notes),
            "error": self.problem.to_json() if self.problem else None,
            "options": dict(self.options.given),
        }
