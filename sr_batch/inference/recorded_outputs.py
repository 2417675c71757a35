"""What a trained network gave for a few small inputs, recorded beside its exported file.

torch gave the outputs when the network was exported; whether ONNX Runtime still does so can then be
seen without torch. A half-precision twin is held to the record of the network it was made of.
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

# The largest difference to the record that a precision may have, of 1: of fp32 what certification
# allows, of fp16 one level of a picture, of int8 several times what files of it were seen to have.
TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "fp16": 4e-3, "int8": 0.1}


def record_path(model: Path) -> Path:
    """Where the record is that the file ``model`` is held to, whether it is there or not."""
    return model.with_name(f"{model.stem.removesuffix('_fp16')}.npz")


def save_record(path: Path, record: Record) -> None:
    """Write ``record`` to ``path``; the same record gives the same bytes."""
    arrays: dict[str, Batch] = {}
    for number, (given, expected) in enumerate(record):
        arrays |= {f"input{number}": given, f"output{number}": expected}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load_record(path: Path) -> Record:
    """Undo :func:`save_record`.

    Raises:
        SrBatchError: there is none, or it cannot be read.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            count = len(file.files) // 2
            return [(file[f"input{n}"], file[f"output{n}"]) for n in range(count)]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as fault:
        raise SrBatchError(
            f"{path}: no record of the network's outputs ({fault}); to make it: python -m training"
            " record"
        ) from fault


def largest_difference(infer: Callable[[Batch], Batch], record: Record) -> float:
    """Between what ``infer`` gives and what is recorded; not a number if any value is none."""
    worst = [np.abs(infer(given) - expected).max() for given, expected in record]
    return float(np.max(worst))
