"""The options of ``sr-batch cost``."""

from dataclasses import dataclass, field, replace

from sr_batch.cli.command_options import COMPARE_TABLE
from sr_batch.core.option import Allowed, Option, check_values, option, options_of
from sr_batch.core.options import COUNT, UpscaleOptions

_ABOVE_0 = Allowed("above 0", lambda number: number > 0)
_PRICE = Allowed("at least 0", lambda price: price >= 0)


@dataclass(frozen=True)
class CostOptions:
    """What ``sr-batch cost`` takes besides some of `UpscaleOptions`.

    Raises:
        UsageError: a value is out of its range.
    """

    models: str = field(
        default="",
        metadata=option(
            "Models, by name or ONNX file; otherwise all that are meant for use.",
            "Model and device",
            "--models",
            "-m",
            metavar="NAME,NAME...",
        ),
    )
    photographs: int = field(
        default=1_000_000,
        metadata=option("Count the costs of so many.", "Run", metavar="N", allowed=COUNT),
    )
    shards: int = field(
        default=1,
        metadata=option(
            "Runs that share the work by --shard; each lists all keys.",
            "Run",
            metavar="N",
            allowed=COUNT,
        ),
    )
    run_cores: int | None = field(
        default=None,
        metadata=option(
            "Cores of each run: more cores write fewer records; otherwise those of this machine.",
            "Run",
            metavar="N",
            allowed=COUNT,
        ),
    )
    sample: int = field(
        default=8,
        metadata=option(
            "Measure so many of the given photographs.", "Run", metavar="N", allowed=COUNT
        ),
    )
    megapixels: float | None = field(
        default=None,
        metadata=option(
            "Size of a photograph; otherwise the average of the sample, or 12 without photographs.",
            "Size",
            metavar="N",
            allowed=_ABOVE_0,
        ),
    )
    mp_per_second: float | None = field(
        default=None,
        metadata=option(
            "Measure nothing: a core (with --device cuda a GPU) takes so many megapixels a second.",
            "Run",
            metavar="N",
            allowed=_ABOVE_0,
        ),
    )
    price_per_core_hour: float = field(
        default=0.0,
        metadata=option("One core for an hour.", "Prices", metavar="PRICE", allowed=_PRICE),
    )
    price_per_gpu_hour: float = field(
        default=0.0,
        metadata=option("One GPU for an hour.", "Prices", metavar="PRICE", allowed=_PRICE),
    )
    price_per_1000_gets: float = field(
        default=0.0,
        metadata=option("1,000 requests to read.", "Prices", metavar="PRICE", allowed=_PRICE),
    )
    price_per_1000_puts: float = field(
        default=0.0,
        metadata=option(
            "1,000 requests to write or to list.", "Prices", metavar="PRICE", allowed=_PRICE
        ),
    )
    price_per_gb_month: float = field(
        default=0.0,
        metadata=option(
            "A GB of outputs, stored for a month.", "Prices", metavar="PRICE", allowed=_PRICE
        ),
    )
    months: float = field(
        default=1.0,
        metadata=option("Store the outputs for so long.", "Prices", metavar="N", allowed=_PRICE),
    )
    price_per_gb_read: float = field(
        default=0.0,
        metadata=option(
            "A GB of inputs that leaves the bucket's region.",
            "Prices",
            metavar="PRICE",
            allowed=_PRICE,
        ),
    )
    as_json: bool = field(
        default=False, metadata=option("Print the costs as a JSON object.", "Report", "--json")
    )

    def __post_init__(self) -> None:
        check_values(self)


_SCALE = next(each for each in COMPARE_TABLE if each.name == "scale")
_PRECISION = replace(
    next(each for each in options_of(UpscaleOptions) if each.name == "precision"),
    help="fp32, fp16 or int8; auto: all that suit the device.",
)
_SHARED = ("device", "format", "quality", "png_effort")
COST_TABLE: tuple[Option, ...] = (
    *options_of(CostOptions),
    _SCALE,
    _PRECISION,
    *(each for each in options_of(UpscaleOptions) if each.name in _SHARED),
)
