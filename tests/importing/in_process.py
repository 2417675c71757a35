"""Runs the steps of an import in this process, so that a test needs no time to start others."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from onnx import ModelProto

from sr_batch.importing import child, sandbox
from sr_batch.importing.net_runtime import open_net
from sr_batch.importing.trial import Call


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


def opened(model: ModelProto, folder: Path) -> Call:
    """The network ``model`` as a function, in ONNX Runtime."""
    path = folder / "opened.onnx"
    path.write_bytes(model.SerializeToString())
    return open_net(path, model.graph.input[0].name, 1)
