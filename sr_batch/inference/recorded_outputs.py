"""The outputs of a trained network for a few small inputs, recorded beside its exported file.

torch computed them when the network was exported. With the record, a test without torch can check
that ONNX Runtime computes the same. An fp16 file is compared with the record of its fp32 file.
"""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sr_batch.core.errors import SrBatchError
from sr_batch.core.model_spec import Precision
from sr_batch.inference.session import Batch

Record = Sequence[tuple[Batch, Batch]]
"""Pairs of an input (1, C, H, W) and its output (1, C, H*s, W*s), both float32."""

# The largest difference from the record allowed at each precision, where values range from 0 to 1:
# for fp32 as in certification, for fp16 one 8-bit level, for int8 several times what was measured.
TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "fp16": 4e-3, "int8": 0.1}


def record_path(model: Path) -> Path:
    """The path of the record that the file ``model`` is compared with; it may not exist."""
    return model.with_name(f"{model.stem.removesuffix('_fp16')}.npz")


def save_record(path: Path, record: Record) -> None:
    """Write ``record`` to ``path``. The same record always gives the same bytes."""
    arrays: dict[str, Batch] = {}
    for number, (given, expected) in enumerate(record):
        arrays |= {f"input{number}": given, f"output{number}": expected}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load_record(path: Path) -> Record:
    """Read what :func:`save_record` wrote.

    Raises:
        SrBatchError: the file does not exist, or cannot be read.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            count = len(file.files) // 2
            return [(file[f"input{n}"], file[f"output{n}"]) for n in range(count)]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as fault:
        raise SrBatchError(
            f"{path}: no record of the network's outputs ({fault}); to create it: python -m"
            " training record"
        ) from fault


def largest_difference(infer: Callable[[Batch], Batch], record: Record) -> float:
    """The largest difference between ``infer`` and the record; NaN if any output is NaN."""
    worst = [np.abs(infer(given) - expected).max() for given, expected in record]
    return float(np.max(worst))
