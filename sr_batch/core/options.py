"""The table of options: each is declared once, with its flag, range, help and default.

The command line, the settings file, the checks of values, the recipes of outputs and
docs/options.md are made from it. Sizes are declared in `target_size`, and options that only a
command has, in `sr_batch.cli.command_options`.
"""

from dataclasses import dataclass, field, fields
from typing import Literal

from sr_batch.core.errors import UsageError
from sr_batch.core.model_spec import PrecisionChoice
from sr_batch.core.option import Allowed, Encoding, check_values, option, options_of
from sr_batch.core.target_size import Goal

Mode = Literal["auto", "rgb", "y"]
Format = Literal["keep", "png", "jpg", "webp", "tif", "bmp", "gif", "avif", "heic", "jxl"]
Existing = Literal["error", "skip", "overwrite"]
OnCollision = Literal["error", "number"]
Keep = Literal["keep", "strip", "no-gps"]
Effort = Literal["fast", "small"]
After = Literal["keep", "move", "delete"]
Again = Literal["auto", "rename", "replace", "fail"]
Overlap = int | Literal["auto", "full"]

AUTO = "auto"  # the model that is chosen for each picture
CLEAN, REAL = "balanced", "photo"  # what it chooses from: for clean pictures, for all others
MIN_TILE = 32
MAX_PIXELS = 178_956_970  # Pillow's own limit: a quarter of a gigabyte of RGB, twice over
SECONDS_RANGE = "above 0"

SECONDS = Allowed(SECONDS_RANGE, lambda seconds: seconds > 0)
COUNT = Allowed("at least 1", lambda count: count >= 1)
_TILE = Allowed(
    f"auto, 0 (never tile) or at least {MIN_TILE}", lambda tile: tile == 0 or tile >= MIN_TILE
)
_OVERLAP = Allowed("auto, full or at least 0", lambda n: isinstance(n, int) and n >= 0)
_STRENGTH = Allowed("from 0 to 1", lambda strength: 0 <= strength <= 1)
_QUALITY = Allowed("from 1 to 100", lambda quality: 1 <= quality <= 100)

SYNONYMS = {"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "tiff": "tif", "heif": "heic"}
_LOSSY = ("jpg", "webp", "avif", "heic", "jxl")


@dataclass(frozen=True)
class UpscaleOptions(Goal):
    """The options of a batch, the size of its outputs (:class:`Goal`) among them.

    Raises:
        UsageError: a value is out of its range, or two sizes cannot be combined.
    """

    model: str = field(
        default=AUTO,
        metadata=option(
            "A name from `sr-batch models`, a network file, or auto: chosen for each picture.",
            "Model and device",
            "--model",
            "-m",
            metavar="NAME|FILE",
            changes="pixels",
        ),
    )
    strength: float | None = field(
        default=None,
        metadata=option(
            "Blend two networks, such as balanced (0) and photo (1); see the models' docs.",
            "Model and device",
            metavar="0..1",
            allowed=_STRENGTH,
            changes="pixels",
        ),
    )
    device: str = field(
        default="auto",
        metadata=option(
            "auto, cpu, cuda, openvino or openvino-bf16; all but auto must be available.",
            "Model and device",
            metavar="DEVICE",
        ),
    )
    precision: PrecisionChoice = field(
        default="auto",
        metadata=option(
            "auto: int8 on CPUs that gain by it, fp16 on GPUs, within 0.1 dB of fp32; else fp32.",
            "Model and device",
            changes="pixels",
        ),
    )
    mode: Mode = field(
        default="auto",
        metadata=option(
            "Enlarge color (rgb) or luma (y); auto: as trained.",
            "Model and device",
            changes="pixels",
        ),
    )
    color_lock: bool | None = field(
        default=None,
        metadata=option(
            "Keep the colors of the input; if not given, for networks that shift them.",
            "Model and device",
            "--color-lock/--no-color-lock",
            changes="pixels",
        ),
    )
    self_ensemble: bool = field(
        default=False,
        metadata=option(
            "Average eight orientations: slightly better, eight times as slow.",
            "Model and device",
            changes="pixels",
        ),
    )
    tile: int | None = field(
        default=None,
        metadata=option(
            "Longest side of a tile in input pixels; 0: no tiles.",
            "Model and device",
            metavar="auto|N",
            allowed=_TILE,
            none="auto",
        ),
    )
    overlap: Overlap = field(
        default="auto",
        metadata=option(
            "Context around a tile; full: bit for bit as without tiles.",
            "Model and device",
            metavar="auto|full|N",
            allowed=_OVERLAP,
            changes="pixels",
        ),
    )
    format: Format = field(
        default="keep",
        metadata=option(
            "png, jpg, webp, tif, bmp, gif, avif, heic or jxl; keep: as the input.",
            "Format and metadata",
            "--format",
            "-f",
            metavar="FORMAT",
            synonyms=SYNONYMS,
        ),
    )
    quality: int = field(
        default=95,
        metadata=option(
            f"Quality of JPEG, WebP, AVIF, HEIC and JPEG XL, {_QUALITY.text}.",
            "Format and metadata",
            metavar="N",
            allowed=_QUALITY,
            changes=Encoding(_LOSSY, "{value}", states_default=True),
        ),
    )
    metadata: Keep = field(
        default="keep",
        metadata=option(
            "EXIF, XMP, IPTC, sidecars; no-gps strips only the location. ICC and DPI stay.",
            "Format and metadata",
            changes=Encoding((), "{value}", states_default=True),
        ),
    )
    png_effort: Effort = field(
        default="fast",
        metadata=option(
            "small makes smaller files, far more slowly.",
            "Format and metadata",
            changes=Encoding(("png",), "{value}"),
        ),
    )
    name: str = field(
        default="",
        metadata=option(
            "Template for output names, such as {stem}_{width}x{height}{ext}; also {reldir}, "
            "{scale}, {model} and {input_ext}.",
            "Input and output",
            metavar="TEMPLATE",
        ),
    )
    on_collision: OnCollision = field(
        default="error",
        metadata=option(
            "If two inputs would get one output: stop, or number the second.",
            "Input and output",
            upscale_only=True,
        ),
    )
    existing: Existing = field(
        default="error",
        metadata=option(
            "If another file, or an output that was changed since, has the output's name.",
            "Input and output",
        ),
    )
    include: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Take only matching files, such as '*.jpg' or 'raw/**'; ignores case.",
            "Input and output",
            metavar="GLOB",
        ),
    )
    exclude: tuple[str, ...] = field(
        default=(),
        metadata=option("Leave matching files out.", "Input and output", metavar="GLOB"),
    )
    ignore: bool = field(
        default=True,
        metadata=option(
            "Pass over leftovers such as @eaDir, *_original, *.part; -v names them.",
            "Input and output",
            "--ignore/--no-ignore",
        ),
    )
    recursive: bool = field(
        default=True,
        metadata=option("Include subfolders.", "Input and output", "--recursive/--no-recursive"),
    )
    record: bool = field(
        default=True,
        metadata=option(
            "Record finished work, to skip it next time.",
            "Input and output",
            "--record/--no-record",
            upscale_only=True,
        ),
    )
    jobs: int | None = field(
        default=None,
        metadata=option(
            "Threads; one per core if not given.", "Run", "--jobs", "-j", metavar="N", allowed=COUNT
        ),
    )
    verify: bool = field(
        default=False,
        metadata=option(
            "Decode outputs and compare them with their inputs.",
            "Run",
            "--verify/--no-verify",
            watch_default=True,
        ),
    )
    isolate: bool = field(
        default=False,
        metadata=option(
            "Decode inputs in limited processes, so that a bad file cannot end the run.",
            "Run",
            "--isolate/--no-isolate",
            watch_default=True,
        ),
    )
    max_pixels: int = field(
        default=MAX_PIXELS,
        metadata=option("Refuse inputs with more pixels.", "Run", metavar="N", allowed=COUNT),
    )

    @property
    def goal(self) -> Goal:
        """The size of the outputs alone."""
        return Goal(**{each.name: getattr(self, each.name) for each in fields(Goal)})

    def encoding_recipe(self, format: str) -> str:
        """The part of an output's recipe that states its encoding: one line per option.

        An option without effect on ``format`` counts as its default.
        """
        lines = []
        for each in options_of(type(self)):
            if isinstance(how := each.changes, Encoding):
                has_effect = not how.formats or format in how.formats
                value = getattr(self, each.name) if has_effect else each.default
                if how.states_default or value != each.default:
                    lines.append(how.line.format(name=each.name, value=value))
        return "\n".join(lines)

    def __post_init__(self) -> None:
        for each in options_of(type(self)):
            if each.synonyms:
                object.__setattr__(self, each.name, each.parse(getattr(self, each.name)))
        check_values(self)
        sizes = [each for each in options_of(Goal) if each.allowed]
        given = [each.flag for each in sizes if getattr(self, each.name) is not None]
        if len(given) > 1 and set(given) != {"--width", "--height"}:
            raise UsageError(f"{' and '.join(given)} cannot be combined: use only one of them")
