"""Makes an int8 file of an added model, and keeps it if it loses little and is quicker here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sr_batch.core.cpu import processor
from sr_batch.core.errors import ImportRefused
from sr_batch.core.model_spec import ModelSpec
from sr_batch.importing import store
from sr_batch.importing.sandbox import run_step
from sr_batch.importing.store import CALIBRATION, HELD, INT8, MODEL
from sr_batch.inference.model_catalog import MOST_LOSS
from sr_batch.inference.onnx_runtime import runtime_version
from sr_batch.inference.user_models import UserModel

# Below this PSNR in dB, people would see that two networks made the pictures.
LEAST_ALIKE = 40.0
# Ratios nearer to 1 are not told from noise.
LEAST_SPEED = 1.05
_SIDE = 96  # LR pixels of a crop
# Of each step: a network is computed dozens of times, and is known to work.
_SECONDS = 180.0


@dataclass(frozen=True)
class Figures:
    """What was measured on the pictures that did not set the ranges.

    Attributes:
        pictures: How many.
        fp32: PSNR in dB between the pictures and their enlarged reductions, in fp32.
        int8: The same in int8.
        alike: PSNR in dB between the outputs of both.
        speed: Time of fp32 / time of int8 on this processor.
    """

    pictures: int
    fp32: float
    int8: float
    alike: float
    speed: float

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """From the record of a file that is kept; other fields are ignored."""
        return cls(**{each.name: record[each.name] for each in fields(cls)})

    @property
    def loss(self) -> float:
        """PSNR in dB that int8 loses; below 0 if it gains."""
        return round(self.fp32 - self.int8, 3)

    def __str__(self) -> str:
        return (
            f"fp32 {self.fp32:.2f} dB, int8 {self.int8:.2f} dB, {self.alike:.1f} dB between them,"
            f" {self.speed:.2f} times as fast"
        )


@dataclass(frozen=True)
class Crops:
    """Parts of the user's pictures, uint8 (S, S, 3), and the folder that they come from."""

    calibration: Sequence[npt.NDArray[np.uint8]]
    held: Sequence[npt.NDArray[np.uint8]]
    folder: Path


def crop_side(spec: ModelSpec) -> int:
    """Side in pixels of the crops that a model is measured on.

    Raises:
        ImportRefused: the only size of its input is not square.
    """
    if spec.window_rows:
        rows, columns = spec.window_sides
        raise ImportRefused(
            f"{spec.name} x{spec.scale} takes {columns}x{rows} pixels only: int8 files are made of"
            " networks with square or free sizes; use it in fp32"
        )
    small = spec.window or -(-max(_SIDE, spec.least_side) // spec.multiple) * spec.multiple
    return small * spec.scale


def quantize(model: UserModel, crops: Crops, notify: Callable[[str], None]) -> UserModel:
    """Make the int8 file of ``model``, measure it, and keep it.

    Args:
        model: An added model in fp32.
        crops: Parts of pictures, with sides of :func:`crop_side`.
        notify: Receives a line before each step.

    Raises:
        ImportRefused: it cannot be made, loses too much, or is not quicker.
    """
    about = f"{model.name} x{model.scale}"
    with store.work_folder() as folder:
        (folder / MODEL).write_bytes(model.path.read_bytes())
        np.savez(folder / CALIBRATION, *crops.calibration)
        np.savez(folder / HELD, *crops.held)
        try:
            notify(f"{about}: making int8 from {len(crops.calibration)} pictures")
            run_step("make_int8", folder, {}, seconds=_SECONDS)
            notify(f"{about}: comparing it with fp32 on {len(crops.held)} other pictures")
            figures = Figures(**run_step("judge_int8", folder, {}, seconds=_SECONDS))
            require_worth(figures)
        except ImportRefused as refusal:
            raise ImportRefused(f"{about}: no int8 file is kept: {refusal}") from refusal
        return store.save_int8(folder / INT8, model, _record(figures, crops))


def require_worth(figures: Figures) -> None:
    """Refuse an int8 file that is not worth it.

    Raises:
        ImportRefused: the message states the figures.
    """
    if figures.loss > MOST_LOSS:
        why = f"it loses {figures.loss:.2f} dB, and {MOST_LOSS:g} dB is allowed"
    elif figures.alike < LEAST_ALIKE:
        why = f"it differs too much from fp32, and must be within {LEAST_ALIKE:g} dB"
    elif figures.speed < LEAST_SPEED:
        why = "it is no quicker on this processor"
    else:
        return
    raise ImportRefused(f"{why} ({figures})")


def _record(figures: Figures, crops: Crops) -> dict[str, Any]:
    return {
        **asdict(figures),
        "folder": str(crops.folder),
        "processor": processor(),
        "runtime": runtime_version(),
    }
