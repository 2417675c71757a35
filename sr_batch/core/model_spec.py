"""What an exported ONNX model says about itself, and the only code that writes or reads it.

The contract is a set of flat strings under the prefix ``sr.`` in the file's ``metadata_props``.
Every model takes ``input`` (N, C, H, W) float32 0..1 and returns ``output`` (N, C, H*s, W*s).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, cast

SCHEMA = "1"
PREFIX = "sr."

LEAST_CONSISTENCY = 20.0
# EDSR holds four maps of 64 float32 channels at once and a little more, ESPCN half of it.
PIXEL_BYTES = 1280

Color = Literal["rgb", "y"]
Precision = Literal["fp32", "fp16", "int8"]


class ContractError(ValueError):
    """The metadata is missing or does not make sense."""


@dataclass(frozen=True)
class ModelSpec:
    """The contract of one exported model.

    Attributes:
        name: Family name, as in ``--model``.
        arch: Key of the training package's table of networks.
        scale: Integer factor from input to output.
        color: ``rgb`` (3 channels) or ``y`` (1 channel, BT.601 studio range / 255).
        multiple: Input sides must be divisible by this.
        receptive_field: Side in LR pixels of the square that one output pixel depends on.
        overlap: LR pixels of context per side with which a tiled result equals the whole-image
            one after rounding to 8 bit, but for 1 level on 1e-5 of the samples.
        precision: Of the weights.
        protocol: How the scores were measured.
        licence: Of the weights.
        data: What it was trained on.
        commit: Source commit that exported it.
        scores: Set name -> (PSNR-Y in dB, SSIM).
        consistency: Least PSNR in dB between an output, reduced, and its input: below it
            something went wrong. A file without the key has a bound that only ruins fall below.
        pixel_bytes: Memory that a call takes for an LR pixel; much, where a network works on
            enlarged pixels. A file without the key takes what those at LR resolution take.
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

    @property
    def channels(self) -> int:
        """Of its input and output."""
        return 3 if self.color == "rgb" else 1

    @property
    def full_overlap(self) -> int:
        """LR pixels of context per side that hold the whole receptive field."""
        return self.receptive_field // 2


_TEXT = ("name", "arch", "color", "precision", "protocol", "licence", "data", "commit")
_NUMBERS = ("scale", "multiple", "receptive_field", "overlap")


def to_metadata(spec: ModelSpec) -> dict[str, str]:
    """The flat strings for ``metadata_props``."""
    flat = {key: str(getattr(spec, key)) for key in _TEXT + _NUMBERS}
    flat |= {"schema": SCHEMA, "range": "0..1", "consistency": repr(spec.consistency)}
    flat["pixel_bytes"] = str(spec.pixel_bytes)
    for name, (psnr, ssim) in spec.scores.items():
        flat |= {f"psnr.{name}": repr(psnr), f"ssim.{name}": repr(ssim)}
    return {PREFIX + key: value for key, value in flat.items()}


def from_metadata(metadata: Mapping[str, str]) -> ModelSpec:
    """Undo :func:`to_metadata`; keys of others are ignored.

    Raises:
        ContractError: a key is missing, no number, or out of its range.
    """
    flat = {k.removeprefix(PREFIX): v for k, v in metadata.items() if k.startswith(PREFIX)}
    if flat.get("schema") != SCHEMA:
        raise ContractError(f"schema is {flat.get('schema')!r}, this version reads {SCHEMA!r}")
    try:
        numbers = {key: int(flat[key]) for key in _NUMBERS}
        scores = {
            key.removeprefix("psnr."): (float(value), float(flat["ssim." + key[5:]]))
            for key, value in flat.items()
            if key.startswith("psnr.")
        }
        text = {key: flat[key] for key in _TEXT}
        consistency = float(flat.get("consistency", LEAST_CONSISTENCY))
        pixel_bytes = int(flat.get("pixel_bytes", PIXEL_BYTES))
    except KeyError as missing:
        raise ContractError(f"{PREFIX}{missing.args[0]} is missing") from missing
    except ValueError as bad:
        raise ContractError(f"a number cannot be read: {bad}") from bad
    if pixel_bytes < 1:
        raise ContractError(f"{PREFIX}pixel_bytes must be at least 1")
    spec = _checked(text, numbers, scores)
    return replace(spec, consistency=consistency, pixel_bytes=pixel_bytes)


def _checked(
    text: dict[str, str], numbers: dict[str, int], scores: dict[str, tuple[float, float]]
) -> ModelSpec:
    if text["color"] not in ("rgb", "y"):
        raise ContractError(f"{PREFIX}color is {text['color']!r}, not rgb or y")
    if text["precision"] not in ("fp32", "fp16", "int8"):
        raise ContractError(f"{PREFIX}precision is {text['precision']!r}, not fp32, fp16 or int8")
    if min(numbers["scale"], numbers["multiple"], numbers["receptive_field"]) < 1:
        raise ContractError("scale, multiple and receptive_field must be at least 1")
    if numbers["overlap"] < 0:
        raise ContractError(f"{PREFIX}overlap is negative")
    return ModelSpec(
        name=text["name"],
        arch=text["arch"],
        color=cast(Color, text["color"]),
        precision=cast(Precision, text["precision"]),
        protocol=text["protocol"],
        licence=text["licence"],
        data=text["data"],
        commit=text["commit"],
        scores=scores,
        **numbers,
    )
