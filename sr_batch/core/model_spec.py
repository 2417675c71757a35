"""The contract of an exported ONNX model, and the only code that writes and reads it.

The contract is a set of strings with the prefix ``sr.`` in the file's ``metadata_props``. Every
model takes ``input`` (N, C, H, W) float32, 0..1, and returns ``output`` (N, C, H*s, W*s).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

SCHEMA = "1"
PREFIX = "sr."

LEAST_CONSISTENCY = 20.0
# EDSR holds a little more than four maps of 64 float32 channels at a time, ESPCN half of that.
PIXEL_BYTES = 1280
# In a picture thinner than this, a network would see mostly the zeros beyond the border.
LEAST_SIDE = 8

Color = Literal["rgb", "y"]
Precision = Literal["fp32", "fp16", "int8"]
PrecisionChoice = Literal["auto", "fp32", "fp16", "int8"]


class ContractError(ValueError):
    """The metadata is missing or invalid."""


@dataclass(frozen=True)
class ModelSpec:
    """The contract of one exported model.

    Attributes:
        name: Family name, as in ``--model``.
        arch: Key of the network in the training package.
        scale: Output side / input side, an integer.
        color: ``rgb`` (3 channels) or ``y`` (1 channel, BT.601 studio range / 255).
        multiple: Input sides must be divisible by this.
        receptive_field: Side in LR pixels of the square that one output pixel depends on.
        overlap: LR pixels of context per side that make a tiled result equal the whole-image
            result after rounding to 8 bits, except for 1 level on 1e-5 of the samples.
        precision: Precision of the weights.
        protocol: How the scores were measured.
        licence: Licence of the weights.
        data: Training data.
        commit: Source commit that exported the file.
        scores: Set name -> (PSNR-Y in dB, SSIM).
        consistency: Least PSNR in dB between a reduced output and its input; an output below it
            is broken. The default is so low that only a ruined output is below it.
        pixel_bytes: Bytes of memory that a call takes for each LR pixel. Large if the network
            works at the enlarged resolution; the default suits networks that work on LR pixels.
        partner: Family whose weights this network started from, in the same structure. With
            ``--strength``, 0 is that family, 1 is this one. Empty if there is none.
        window: The only width in LR pixels that its input may have; 0 if it may have any size.
        window_rows: The only height, if its input is not square.
        least_side: Shortest side in LR pixels that its input may have.
        whole: Whether each output pixel depends on the whole picture, so that tiles differ from it.
        seam: Largest change by tiling in 8-bit levels that was measured; 0 if at most 1.
        most_side: Longest side in LR pixels of a tile with its context, because it was not tried on
            longer ones; 0 if it may have any.
        pace: Processor seconds that an LR pixel took when the network was added; a call that takes
            a large multiple of it is ended. 0 if calls may take any time.
        color_lock: Whether it shifts colors over whole areas, so that they are locked by default.
    """

    name: str
    arch: str
    scale: int
    color: Color
    multiple: int
    receptive_field: int
    overlap: int
    precision: Precision
    protocol: str
    licence: str
    data: str
    commit: str
    scores: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    consistency: float = LEAST_CONSISTENCY
    pixel_bytes: int = PIXEL_BYTES
    partner: str = ""
    window: int = 0
    window_rows: int = 0
    least_side: int = LEAST_SIDE
    whole: bool = False
    seam: float = 0.0
    most_side: int = 0
    pace: float = 0.0
    color_lock: bool = False

    @property
    def channels(self) -> int:
        """The number of channels of its input and output."""
        return 3 if self.color == "rgb" else 1

    @property
    def window_sides(self) -> tuple[int, int]:
        """The only height and width that its input may have; 0 if it may have any."""
        return self.window_rows or self.window, self.window

    @property
    def full_overlap(self) -> int:
        """LR pixels of context per side that cover the whole receptive field."""
        return self.receptive_field // 2

    def loss_against(self, full: "ModelSpec") -> float | None:
        """The most PSNR-Y in dB that it loses against ``full``, on a set that both state."""
        both = self.scores.keys() & full.scores.keys()
        return max((full.scores[name][0] - self.scores[name][0] for name in both), default=None)


_TEXT = ("name", "arch", "color", "precision", "protocol", "licence", "data", "commit")
_NUMBERS = ("scale", "multiple", "receptive_field", "overlap")
# Written only if they differ from these: most networks need none of them.
_RARE: dict[str, str | int | float] = {
    "partner": "",
    "window": 0,
    "window_rows": 0,
    "least_side": LEAST_SIDE,
    "whole": False,
    "seam": 0.0,
    "most_side": 0,
    "pace": 0.0,
    "color_lock": False,
}


def to_metadata(spec: ModelSpec) -> dict[str, str]:
    """The strings for ``metadata_props``."""
    flat = {key: str(getattr(spec, key)) for key in _TEXT + _NUMBERS}
    flat |= {"schema": SCHEMA, "range": "0..1", "consistency": repr(spec.consistency)}
    flat["pixel_bytes"] = str(spec.pixel_bytes)
    for key, default in _RARE.items():
        if (value := getattr(spec, key)) != default:
            flat[key] = _rare_text(value, default)
    for name, (psnr, ssim) in spec.scores.items():
        flat |= {f"psnr.{name}": repr(psnr), f"ssim.{name}": repr(ssim)}
    return {PREFIX + key: value for key, value in flat.items()}


def from_metadata(metadata: Mapping[str, str]) -> ModelSpec:
    """Read what :func:`to_metadata` wrote; other keys are ignored.

    Raises:
        ContractError: a key is missing, is not a number, or is out of range.
    """
    flat = {k.removeprefix(PREFIX): v for k, v in metadata.items() if k.startswith(PREFIX)}
    if flat.get("schema") != SCHEMA:
        raise ContractError(f"schema is {flat.get('schema')!r}, this version reads {SCHEMA!r}")
    try:
        spec = _parsed(flat)
    except KeyError as missing:
        raise ContractError(f"{PREFIX}{missing.args[0]} is missing") from missing
    except ValueError as bad:
        raise ContractError(f"a number cannot be read: {bad}") from bad
    _require_ranges(spec)
    return spec


def _parsed(flat: Mapping[str, str]) -> ModelSpec:
    """Raises KeyError for a missing key, and ValueError for a bad number."""
    text: dict[str, Any] = {key: flat[key] for key in _TEXT if key not in ("color", "precision")}
    numbers: dict[str, Any] = {key: int(flat[key]) for key in _NUMBERS}
    rare: dict[str, Any] = {
        key: _rare_value(flat[key], default) for key, default in _RARE.items() if key in flat
    }
    return ModelSpec(
        color=cast(Color, flat["color"]),
        precision=cast(Precision, flat["precision"]),
        scores=_scores(flat),
        consistency=float(flat.get("consistency", LEAST_CONSISTENCY)),
        pixel_bytes=int(flat.get("pixel_bytes", PIXEL_BYTES)),
        **text,
        **numbers,
        **rare,
    )


def _rare_text(value: Any, default: str | int | float) -> str:
    """How a rare key is written; the type of its default tells what it is."""
    if isinstance(default, str):
        return str(value)
    return repr(float(value)) if isinstance(default, float) else str(int(value))


def _rare_value(text: str, default: str | int | float) -> str | int | float:
    """What :func:`_rare_text` wrote. Raises ValueError."""
    if isinstance(default, bool):
        return int(text) != 0
    return type(default)(text)


def _scores(flat: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    names = (key.removeprefix("psnr.") for key in flat if key.startswith("psnr."))
    return {name: (float(flat[f"psnr.{name}"]), float(flat[f"ssim.{name}"])) for name in names}


def _require_ranges(spec: ModelSpec) -> None:
    if spec.color not in get_args(Color):
        raise ContractError(f"{PREFIX}color is {spec.color!r}, not rgb or y")
    if spec.precision not in get_args(Precision):
        raise ContractError(f"{PREFIX}precision is {spec.precision!r}, not fp32, fp16 or int8")
    for key in ("scale", "multiple", "receptive_field", "pixel_bytes"):
        if getattr(spec, key) < 1:
            raise ContractError(f"{PREFIX}{key} must be at least 1")
    for key in ("overlap", "window", "window_rows", "least_side", "most_side"):
        if getattr(spec, key) < 0:
            raise ContractError(f"{PREFIX}{key} is negative")
