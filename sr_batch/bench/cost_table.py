"""The costs of networks as a table, as records, and the assumptions behind them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sr_batch.bench.cost import (
    KEYS_OF_PAGE,
    RESULTS_OF_MANIFEST,
    Amounts,
    Prices,
    price,
)
from sr_batch.bench.cost_sample import Sample
from sr_batch.core.cpu import cores, processor

Cells = tuple[str, ...]

_UNITS = {
    "core_hour": "a core-hour",
    "gpu_hour": "a GPU-hour",
    "gets": "1,000 GET",
    "puts": "1,000 PUT or LIST",
    "gb_stored": "a GB written, for a month",
    "gb_read": "a GB read",
}


@dataclass(frozen=True)
class Row:
    """What one network takes for all photographs.

    Attributes:
        model: Its name; ``given`` for a throughput that was not measured.
        precision: Of its file; empty for a given throughput.
        provider: What ran it; empty for a given throughput.
        amounts: Hours, requests and bytes.
    """

    model: str
    precision: str
    provider: str
    amounts: Amounts


def table(rows: Sequence[Row], prices: Prices) -> list[Cells]:
    """A heading and a line for each of ``rows``; GPU-hours and costs only where there are any."""
    has_gpu = any(row.amounts.gpu_hours for row in rows)
    priced = bool(_given(prices))
    head = ("MODEL", "PRECISION", "CORE-HOURS", *["GPU-HOURS"] * has_gpu)
    head += ("GET", "PUT", "LIST", "GB READ", "GB WRITTEN", *["COST"] * priced)
    return [head, *(_cells(row, prices, has_gpu, priced) for row in rows)]


def record(row: Row, prices: Prices) -> dict[str, Any]:
    """One of ``rows`` for JSON; the cost is null without prices."""
    cost = round(price(row.amounts, prices), 2) if _given(prices) else None
    name = {"model": row.model, "precision": row.precision, "provider": row.provider}
    return {**name, **asdict(row.amounts), "cost": cost}


def assumptions(
    rows: Sequence[Row], sample: Sample, shards: int, run_cores: int, prices: Prices
) -> list[str]:
    """What the figures of ``rows`` are based on, a line each."""
    return [
        f"{rows[0].amounts.gets:,} photographs {_size(sample)}",
        _hours(rows, sample),
        "not counted: starting machines, waiting for the network, idle cores, retries",
        _requests(shards, run_cores),
        _prices(prices),
    ]


def _cells(row: Row, prices: Prices, has_gpu: bool, priced: bool) -> Cells:
    each = row.amounts
    counts = (f"{count:,}" for count in (each.gets, each.puts, each.lists))
    sizes = (f"{size / 1e9:,.0f}" for size in (each.bytes_read, each.bytes_written))
    gpu = [_rounded(each.gpu_hours)] * has_gpu
    cost = [f"{price(each, prices):,.2f}"] * priced
    hours = _rounded(each.core_hours)
    return (row.model, row.precision or "-", hours, *gpu, *counts, *sizes, *cost)


def _rounded(hours: float) -> str:
    """With three digits, as it is an estimate."""
    return f"{float(f'{hours:.3g}'):,.{1 if 0 < hours < 100 else 0}f}"


def _size(sample: Sample) -> str:
    size = f"of {sample.pixels / 1e6:.3g} megapixels and {sample.bytes / 1e6:.3g} MB"
    if not sample.found:
        return f"{size} (the size of the files is assumed; name photographs to measure it)"
    return f"{size}, as {len(sample.photographs)} of the {sample.found:,} given are on average"


def _hours(rows: Sequence[Row], sample: Sample) -> str:
    if not all(row.provider for row in rows):
        return "hours follow from the throughput that you gave"
    on_gpu = any(row.amounts.gpu_hours for row in rows)
    gpu = ", GPU-hours the time of the network" if on_gpu else ""
    return (
        f"core-hours are CPU time to decode, enlarge and encode{gpu}: measured on parts of"
        f" {len(sample.photographs)} photographs, on {cores()} cores of {processor()}"
    )


def _requests(shards: int, run_cores: int) -> str:
    runs = "a run" if shards == 1 else f"{shards:,} shards, each of which lists all keys,"
    return (
        f"requests of {runs} on {run_cores} cores for the first time: a GET and a PUT for each"
        f" photograph and sidecar, a PUT for {RESULTS_OF_MANIFEST:,} results or a minute, a PUT"
        f" for half a minute, a LIST for {KEYS_OF_PAGE:,} inputs or outputs"
    )


def _prices(prices: Prices) -> str:
    if not (given := _given(prices)):
        return "no cost, because no price was given; see the options --price-..."
    listed = ", ".join(f"{amount:g} for {_UNITS[name]}" for name, amount in given.items())
    stored = f"; stored for {prices.months:g} months" if prices.gb_stored else ""
    return f"prices are those that you gave: {listed}{stored}"


def _given(prices: Prices) -> dict[str, float]:
    amounts = {each.name: float(getattr(prices, each.name)) for each in fields(prices)}
    return {name: amount for name, amount in amounts.items() if amount and name in _UNITS}
