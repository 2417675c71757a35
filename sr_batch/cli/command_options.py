"""The options that only a command has, and with them the whole table of each command."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from sr_batch.core.option import Allowed, Option, check_values, option, options_of
from sr_batch.core.options import COUNT, SECONDS, After, Again, UpscaleOptions
from sr_batch.serve.settings import ServeOptions

EngineName = Literal["threads", "ray"]

_GPUS = Allowed("at least 0", lambda count: count >= 0)
_PORT = Allowed("from 0 to 65535", lambda port: 0 <= port <= 65535)


@dataclass(frozen=True)
class SharedOptions:
    """What both ``upscale`` and ``watch`` take besides `UpscaleOptions`."""

    config: Path | None = field(
        default=None,
        metadata=option(
            "TOML file of defaults; otherwise sr-batch/config.toml in your settings folder.",
            "Run",
            metavar="FILE",
        ),
    )
    quiet: bool = field(
        default=False, metadata=option("Print only errors.", "Report", "--quiet", "-q")
    )
    verbose: bool = field(
        default=False, metadata=option("Print a line for every input.", "Report", "--verbose", "-v")
    )
    as_json: bool = field(
        default=False, metadata=option("Print JSON lines on standard output.", "Report", "--json")
    )

    @property
    def volume(self) -> int:
        """-1 to print only what went wrong, 1 to print every result, 0 between them."""
        return int(self.verbose) - int(self.quiet)

    def __post_init__(self) -> None:
        check_values(self)


@dataclass(frozen=True)
class UpscaleCommand(SharedOptions):
    """What ``sr-batch upscale`` takes besides `UpscaleOptions`."""

    output: str | None = field(
        default=None,
        metadata=option(
            "Folder, file or - for standard output; otherwise FOLDER_sr or NAME_xSCALE_MODEL.",
            "Input and output",
            "--output",
            "-o",
            metavar="OUT",
        ),
    )
    endpoint_url: str = field(
        default="",
        metadata=option(
            "Server of URLs, unless it is the provider's.",
            "Input and output",
            metavar="URL",
        ),
    )
    engine: EngineName = field(
        default="threads",
        metadata=option("ray: on a Ray cluster.", "Cluster"),
    )
    address: str | None = field(
        default=None,
        metadata=option(
            "Cluster; otherwise RAY_ADDRESS.",
            "Cluster",
            metavar="ray://HOST:PORT",
        ),
    )
    workers: int | None = field(
        default=None,
        metadata=option(
            "Workers on the cluster; with URLs alone, images in flight.",
            "Cluster",
            metavar="N",
            allowed=COUNT,
        ),
    )
    worker_cpus: int | None = field(
        default=None,
        metadata=option("Cores of each worker.", "Cluster", metavar="N", allowed=COUNT),
    )
    worker_gpus: float | None = field(
        default=None,
        metadata=option(
            "GPUs of each worker, or a share.",
            "Cluster",
            metavar="N",
            allowed=_GPUS,
        ),
    )
    shard: str | None = field(
        default=None,
        metadata=option(
            "Take only the inputs of one shard of several, by a hash of their names; auto reads "
            "the index that AWS Batch, Slurm or Kubernetes gives a job.",
            "Input and output",
            metavar="N/OF|auto",
        ),
    )
    dry_run: bool = field(
        default=False, metadata=option("Show outputs, time and sizes; write nothing.", "Run")
    )
    report: Path | None = field(
        default=None,
        metadata=option(
            "Write the lines of --json to a file, too.", "Report", metavar="FILE.jsonl"
        ),
    )
    progress: bool = field(
        default=False,
        metadata=option('With --json: add lines {"progress": 0.42, "eta": 71.3}.', "Report"),
    )


@dataclass(frozen=True)
class CompareCommand:
    """What ``sr-batch compare`` takes besides some of `UpscaleOptions`."""

    output: str | None = field(
        default=None,
        metadata=option(
            "The sheet; otherwise NAME_compare.png beside the first photograph.",
            "Input and output",
            "--output",
            "-o",
            metavar="SHEET.png",
        ),
    )
    crop: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "What is shown, in pixels of the photograph as a viewer shows it; may be repeated. "
            "auto, the default: the spot with the most detail.",
            "Input and output",
            metavar="X,Y,W,H|auto",
        ),
    )
    models: str = field(
        default="",
        metadata=option(
            "Models to compare, by name or ONNX file; otherwise all that are meant for use.",
            "Model and device",
            "--models",
            "-m",
            metavar="NAME,NAME...",
        ),
    )
    as_json: bool = field(
        default=False,
        metadata=option("Print a JSON object: the sheet, and what it shows.", "Report", "--json"),
    )


@dataclass(frozen=True)
class WatchCommand(SharedOptions):
    """What ``sr-batch watch`` takes for all its folders together."""

    idle: float = field(
        default=10.0,
        metadata=option(
            "Close the models after this long without work.",
            "Run",
            metavar="MINUTES",
            allowed=SECONDS,
        ),
    )
    serve: int | None = field(
        default=None,
        metadata=option(
            "Answer /healthz and /metrics on 127.0.0.1; 0: any free port.",
            "Report",
            metavar="PORT",
            allowed=_PORT,
        ),
    )
    notify: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Send failures and finished work to this Apprise URL.", "Report", metavar="URL"
        ),
    )


@dataclass(frozen=True)
class WatchedFolder:
    """What ``sr-batch watch`` takes for each of its folders, besides `UpscaleOptions`."""

    output: Path | None = field(
        default=None,
        metadata=option("Output folder.", "Input and output", "--output", "-o", metavar="OUT"),
    )
    after: After = field(
        default="keep",
        metadata=option(
            "Once the output is verified, keep the input, move it to FOLDER_done (or "
            "FOLDER_failed), or delete it.",
            "Input and output",
        ),
    )
    again: Again = field(
        default="auto",
        metadata=option("Other pictures under known names; rename: NAME_2.", "Input and output"),
    )
    settle: float = field(
        default=2.0,
        metadata=option(
            "A file that is unchanged for this long is complete.",
            "Run",
            metavar="SECONDS",
            allowed=SECONDS,
        ),
    )
    rescan: float = field(
        default=30.0,
        metadata=option(
            "Scan the whole folder this often.", "Run", metavar="SECONDS", allowed=SECONDS
        ),
    )
    poll: bool = field(
        default=False,
        metadata=option("Only scan, every --rescan seconds; automatic on network shares.", "Run"),
    )

    def __post_init__(self) -> None:
        check_values(self)


UPSCALE_TABLE: tuple[Option, ...] = (*options_of(UpscaleCommand), *options_of(UpscaleOptions))
_COMPARED = ("existing", "device", "precision", "jobs", "max_pixels")
_SCALE = replace(
    next(each for each in options_of(UpscaleOptions) if each.name == "scale"),
    help="Scale of the models, 2, 3 or 4; 2 if it is not given.",
    metavar="N",
)
COMPARE_TABLE: tuple[Option, ...] = (
    *options_of(CompareCommand),
    _SCALE,
    *(each for each in options_of(UpscaleOptions) if each.name in _COMPARED),
)
WATCH_TABLE: tuple[Option, ...] = (
    *options_of(WatchedFolder),
    *options_of(WatchCommand),
    *(each.in_watch() for each in options_of(UpscaleOptions) if not each.upscale_only),
)
_CONFIG = next(each for each in options_of(SharedOptions) if each.name == "config")
_SERVED = ("model", "device", "jobs", "max_pixels")
SERVE_TABLE: tuple[Option, ...] = (
    *options_of(ServeOptions),
    _CONFIG,
    *(each for each in options_of(UpscaleOptions) if each.name in _SERVED),
)
