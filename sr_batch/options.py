"""Every knob of an upscale run with its default and range, declared once."""

from dataclasses import dataclass
from typing import Literal, get_args

from sr_batch.errors import UsageError

Mode = Literal["auto", "rgb", "y"]
Format = Literal["keep", "png", "jpg", "webp", "tif", "bmp"]
Keep = Literal["keep", "strip", "no-gps"]
Overlap = int | Literal["auto", "full"]

MAX_SCALE = 64.0
MIN_TILE = 32
SCALE_RANGE = f"above 0, at most {MAX_SCALE:g}"
TILE_RANGE = f"auto, 0 (never tile) or at least {MIN_TILE}"
OVERLAP_RANGE = "auto, full or at least 0"
QUALITY_RANGE = "1 to 100"
COUNT_RANGE = "at least 1"
MAX_PIXELS = 178_956_970  # Pillow's own refusal: a quarter of a gigabyte of RGB, twice over


@dataclass(frozen=True)
class UpscaleOptions:
    """What a user can choose.

    Attributes:
        model: Name of an exported family, or the path of an ONNX file.
        scale: Output side / input side, above 0 and at most 64.
        mode: ``rgb`` runs the network on colour, ``y`` on luma with bicubic chroma, ``auto`` as
            the model's contract says.
        tile: Longest side of a tile's core in LR pixels; None chooses, 0 never tiles.
        overlap: LR pixels of context per side of a tile; ``auto`` as measured at export,
            ``full`` the receptive field.
        device: ``auto``, ``cpu`` or ``cuda``. Anything but ``auto`` is strict.
        format: Container of the outputs; ``keep`` the one of the input.
        quality: JPEG and WebP quality, 1 to 100.
        metadata: ``keep`` all, ``strip`` EXIF, XMP and IPTC, or leave out where it was taken.
        max_pixels: Inputs with more pixels are refused from their header.
        jobs: Threads that run tiles; None is one per core.
        recursive: Whether folders are walked into.
    """

    model: str = "edsr"
    scale: float = 2.0
    mode: Mode = "auto"
    tile: int | None = None
    overlap: Overlap = "auto"
    device: str = "auto"
    format: Format = "keep"
    quality: int = 95
    metadata: Keep = "keep"
    max_pixels: int = MAX_PIXELS
    jobs: int | None = None
    recursive: bool = True

    def __post_init__(self) -> None:
        _require(0 < self.scale <= MAX_SCALE, "--scale", self.scale, SCALE_RANGE)
        _require(self.mode in get_args(Mode), "--mode", self.mode, ", ".join(get_args(Mode)))
        _require(
            self.tile is None or self.tile == 0 or self.tile >= MIN_TILE,
            "--tile",
            self.tile,
            TILE_RANGE,
        )
        _require(
            self.overlap in ("auto", "full")
            or (isinstance(self.overlap, int) and self.overlap >= 0),
            "--overlap",
            self.overlap,
            OVERLAP_RANGE,
        )
        _require(
            self.format in get_args(Format), "--format", self.format, ", ".join(get_args(Format))
        )
        _require(1 <= self.quality <= 100, "--quality", self.quality, QUALITY_RANGE)
        _require(
            self.metadata in get_args(Keep), "--metadata", self.metadata, ", ".join(get_args(Keep))
        )
        _require(self.max_pixels >= 1, "--max-pixels", self.max_pixels, COUNT_RANGE)
        _require(self.jobs is None or self.jobs >= 1, "--jobs", self.jobs, COUNT_RANGE)


def _require(holds: bool, flag: str, value: object, allowed: str) -> None:
    if not holds:
        raise UsageError(f"{flag} {value}: allowed is {allowed}")
