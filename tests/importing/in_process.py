"""Runs the steps of an import in this process, so that a test needs no time to start others."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sr_batch.importing import child, sandbox


def run_step(
    name: str,
    folder: Path,
    request: Mapping[str, Any],
    readable: Collection[Path] = (),
    seconds: float = sandbox.SECONDS,
    memory: int = sandbox.MEMORY,
) -> Any:
    """As :func:`sandbox.run_step`, with the same limits on memory and the same messages."""
    allowed = {"readable": readable, "seconds": seconds, "memory": memory}
    return sandbox.found(child.run(name, folder, dict(request) | allowed))
