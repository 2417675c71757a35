"""All measurements of a run, as a file that a later run is compared with."""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sr_batch.bench.measurement import Measurement, from_json, to_json
from sr_batch.core.cpu import processor
from sr_batch.core.errors import UsageError
from sr_batch.files.atomic_write import write_output
from sr_batch.inference.onnx_runtime import runtime_version

_SCHEMA = 1


@dataclass(frozen=True)
class Report:
    """Measurements, and where they were taken.

    Attributes:
        where: Device, processor, Python and runtime.
        sets: Name of a set of pictures -> digest of its pixels.
        rows: Name of an exported file -> its measurement.
        elsewhere: Name of another processor -> name of an exported file -> its speed there.
    """

    where: Mapping[str, str]
    sets: Mapping[str, str]
    rows: Mapping[str, Measurement]
    elsewhere: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def speeds(self) -> dict[str, Mapping[str, float]]:
        """Name of a processor -> name of an exported file -> its speed there, if measured."""
        own = {name: row.speed for name, row in self.rows.items() if row.speed}
        return {**self.elsewhere, self.where["processor"]: own}


def here(device: str) -> dict[str, str]:
    """The device and software that measurements depend on."""
    return {
        "device": device,
        "processor": processor(),
        "python": platform.python_version(),
        "runtime": f"onnxruntime {runtime_version()}",
    }


def save_report(path: Path, report: Report) -> None:
    """Write ``report`` to ``path`` atomically.

    Raises:
        SrBatchError: the file cannot be written.
    """
    rows = {name: to_json(row) for name, row in sorted(report.rows.items())}
    whole = {
        "schema": _SCHEMA,
        "where": dict(report.where),
        "sets": dict(report.sets),
        "networks": rows,
        "elsewhere": {
            processor: {name: round(speed, 4) for name, speed in sorted(speeds.items())}
            for processor, speeds in sorted(report.elsewhere.items())
        },
    }
    write_output(path, json.dumps(whole, indent=1).encode() + b"\n")


def load_report(path: Path) -> Report:
    """Read what :func:`save_report` wrote.

    Raises:
        UsageError: the file does not exist, or is not a report.
    """
    try:
        whole: dict[str, Any] = json.loads(path.read_bytes())
        if whole["schema"] != _SCHEMA:
            raise ValueError(f"schema is {whole['schema']}, this version reads {_SCHEMA}")
        rows = {name: from_json(row) for name, row in whole["networks"].items()}
        if "processor" not in whole["where"]:
            raise KeyError("processor")
        return Report(whole["where"], whole["sets"], rows, whole.get("elsewhere", {}))
    except OSError as fault:
        raise UsageError(
            f"{path}: {fault.strerror}; to create it: sr-batch bench --baseline {path} --update"
        ) from fault
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise UsageError(f"{path}: not a report of sr-batch bench ({fault})") from fault
