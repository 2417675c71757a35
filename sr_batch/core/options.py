"""Every knob of an upscale run with its default and range, declared once."""

from dataclasses import dataclass, fields
from typing import Literal, get_args

from sr_batch.core.errors import UsageError
from sr_batch.core.model_spec import Precision
from sr_batch.core.target_size import MAX_SCALE, Goal

Mode = Literal["auto", "rgb", "y"]
Format = Literal["keep", "png", "jpg", "webp", "tif", "bmp", "gif", "avif", "heic", "jxl"]
Existing = Literal["error", "skip", "overwrite"]
Keep = Literal["keep", "strip", "no-gps"]
Effort = Literal["fast", "small"]
After = Literal["keep", "move", "delete"]
Overlap = int | Literal["auto", "full"]

MIN_TILE = 32
SCALE_RANGE = f"above 0, at most {MAX_SCALE:g}"
MAX_SIDE = 10**6
SIDE_RANGE = f"above 0, at most {MAX_SIDE}"
TILE_RANGE = f"auto, 0 (never tile) or at least {MIN_TILE}"
OVERLAP_RANGE = "auto, full or at least 0"
QUALITY_RANGE = "1 to 100"
COUNT_RANGE = "at least 1"
SECONDS_RANGE = "above 0"
PORT_RANGE = "0 to 65535"
MAX_PIXELS = 178_956_970  # Pillow's own refusal: a quarter of a gigabyte of RGB, twice over


@dataclass(frozen=True)
class UpscaleOptions(Goal):
    """What a user can choose, the size of the outputs (:class:`Goal`) first.

    Attributes:
        model: Name of an exported family, or the path of an ONNX file.
        mode: ``rgb`` runs the network on colour, ``y`` on luma with bicubic chroma, ``auto`` as
            the model's contract says.
        tile: Longest side of a tile's core in LR pixels; None chooses, 0 never tiles.
        overlap: LR pixels of context per side of a tile; ``auto`` as measured at export,
            ``full`` the receptive field.
        device: ``auto``, ``cpu``, ``cuda``, ``openvino`` or ``openvino-bf16``. Anything but
            ``auto`` is strict, and ``auto`` takes one of the first two.
        precision: Of the networks, ``fp32``, ``fp16`` or ``int8``; an ONNX file has its own.
        self_ensemble: Whether the network sees each picture turned eight ways, for the mean.
        color_lock: Whether colours are held to the input's over areas of some pixels.
        format: Container of the outputs; ``keep`` the one of the input.
        quality: Of formats that lose something, 1 to 100.
        png_effort: ``small`` tries longer to pack PNG outputs, without loss either way.
        metadata: ``keep`` all, ``strip`` EXIF, XMP and IPTC, or leave out where it was taken.
        max_pixels: Inputs with more pixels are refused from their header.
        name: Template of the names of outputs; empty for the usual ones.
        include: Patterns of what is taken from folders; nothing is all.
        exclude: Patterns of what is not.
        existing: What becomes of an input in whose output's place something else stands.
        record: Whether the output folder remembers what was made of what.
        verify: Whether every output is decoded again and compared before it takes its name.
        isolate: Whether inputs are decoded in processes of their own.
        jobs: Threads that run tiles; None is one per core.
        recursive: Whether folders are walked into.
    """

    model: str = "edsr"
    mode: Mode = "auto"
    tile: int | None = None
    overlap: Overlap = "auto"
    device: str = "auto"
    precision: Precision = "fp32"
    self_ensemble: bool = False
    color_lock: bool = False
    format: Format = "keep"
    quality: int = 95
    png_effort: Effort = "fast"
    metadata: Keep = "keep"
    max_pixels: int = MAX_PIXELS
    name: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    existing: Existing = "error"
    record: bool = True
    verify: bool = False
    isolate: bool = False
    jobs: int | None = None
    recursive: bool = True

    @property
    def goal(self) -> Goal:
        """Scale and sizes alone."""
        return Goal(**{field.name: getattr(self, field.name) for field in fields(Goal)})

    def __post_init__(self) -> None:
        self._check_size()
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
        allowed = get_args(Precision)
        _require(self.precision in allowed, "--precision", self.precision, ", ".join(allowed))
        _require(
            self.format in get_args(Format), "--format", self.format, ", ".join(get_args(Format))
        )
        _require(1 <= self.quality <= 100, "--quality", self.quality, QUALITY_RANGE)
        allowed = get_args(Effort)
        _require(self.png_effort in allowed, "--png-effort", self.png_effort, ", ".join(allowed))
        _require(
            self.metadata in get_args(Keep), "--metadata", self.metadata, ", ".join(get_args(Keep))
        )
        allowed = get_args(Existing)
        _require(self.existing in allowed, "--existing", self.existing, ", ".join(allowed))
        _require(self.max_pixels >= 1, "--max-pixels", self.max_pixels, COUNT_RANGE)
        _require(self.jobs is None or self.jobs >= 1, "--jobs", self.jobs, COUNT_RANGE)

    def _check_size(self) -> None:
        scale = self.scale
        _require(scale is None or 0 < scale <= MAX_SCALE, "--scale", scale, SCALE_RANGE)
        sizes = {
            "--width": self.width,
            "--height": self.height,
            "--long-edge": self.long_edge,
            "--short-edge": self.short_edge,
            "--megapixels": self.megapixels,
        }
        given = [flag for flag, value in sizes.items() if value is not None]
        for flag in given:
            value = sizes[flag]
            _require(0 < (value or 0) <= MAX_SIDE, flag, value, SIDE_RANGE)
        given += ["--scale"] if scale is not None else []
        if len(given) > 1 and set(given) != {"--width", "--height"}:
            raise UsageError(f"{' and '.join(given)} contradict each other: leave all but one out")


def _require(holds: bool, flag: str, value: object, allowed: str) -> None:
    if not holds:
        raise UsageError(f"{flag} {value}: allowed is {allowed}")
