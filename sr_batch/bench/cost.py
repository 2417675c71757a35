"""What a large number of photographs costs: hours, requests and bytes, and with prices an amount.

Nothing is measured or read here. Hours and bytes grow in proportion to the number of photographs.
"""

from dataclasses import dataclass
from math import ceil

KEYS_OF_PAGE = 1000
"""Keys in an answer to LIST."""
RESULTS_OF_MANIFEST = 1000
"""Results in a manifest, which is one object; it has fewer if they take more than a minute."""
MANIFESTS_OF_HOUR = 60
RECORDS_OF_HOUR = 120
"""Times that a run writes how far it is, if results come that often."""
PUTS_OF_RUN = 5
LISTS_OF_RUN = 3
"""Of a run, however short: it tries conditions, and records its begin and end."""
_HOUR = 3600
_GB = 1e9


@dataclass(frozen=True)
class Work:
    """What one photograph takes on average.

    Attributes:
        core_seconds: Of one processor core.
        gpu_seconds: Of one GPU; 0 without one.
        bytes_read: Of its file.
        bytes_written: Of its output.
    """

    core_seconds: float
    gpu_seconds: float
    bytes_read: float
    bytes_written: float


@dataclass(frozen=True)
class Amounts:
    """What a number of photographs takes."""

    core_hours: float
    gpu_hours: float
    gets: int
    puts: int
    lists: int
    bytes_read: float
    bytes_written: float


@dataclass(frozen=True)
class Prices:
    """Prices in any one currency; those that are 0 do not count.

    Attributes:
        core_hour: Of one processor core for an hour.
        gpu_hour: Of one GPU for an hour.
        gets: Of 1,000 GETs.
        puts: Of 1,000 PUTs or LISTs.
        gb_stored: Of a GB (1e9 bytes) of outputs for a month.
        months: For which outputs are stored.
        gb_read: Of a GB of inputs that leaves the store.
    """

    core_hour: float = 0.0
    gpu_hour: float = 0.0
    gets: float = 0.0
    puts: float = 0.0
    gb_stored: float = 0.0
    months: float = 1.0
    gb_read: float = 0.0


def amounts(work: Work, photographs: int, cores: int, shards: int = 1) -> Amounts:
    """What ``photographs`` like the one of ``work`` take in a first run.

    Args:
        work: Of one photograph.
        photographs: At least 1; each is one object without sidecars.
        cores: Of a run, which uses all of them.
        shards: Runs among which they are divided; each lists all inputs and outputs.
    """
    hours = max(work.gpu_seconds, work.core_seconds / cores) * photographs / _HOUR
    pages = ceil(photographs / KEYS_OF_PAGE)
    return Amounts(
        core_hours=photographs * work.core_seconds / _HOUR,
        gpu_hours=photographs * work.gpu_seconds / _HOUR,
        gets=photographs,
        puts=photographs + _records(photographs, hours) + shards * PUTS_OF_RUN,
        lists=shards * (2 * pages + LISTS_OF_RUN),
        bytes_read=photographs * work.bytes_read,
        bytes_written=photographs * work.bytes_written,
    )


def price(amounts: Amounts, prices: Prices) -> float:
    """What ``amounts`` cost, in the currency of ``prices``."""
    return (
        amounts.core_hours * prices.core_hour
        + amounts.gpu_hours * prices.gpu_hour
        + amounts.gets / 1000 * prices.gets
        + (amounts.puts + amounts.lists) / 1000 * prices.puts
        + amounts.bytes_written / _GB * prices.gb_stored * prices.months
        + amounts.bytes_read / _GB * prices.gb_read
    )


def _records(photographs: int, hours: float) -> int:
    """Manifests, and what runs of ``hours`` together write about themselves.

    Both are written when a result comes, so never more often than that.
    """
    manifests = max(photographs / RESULTS_OF_MANIFEST, hours * MANIFESTS_OF_HOUR)
    records = hours * RECORDS_OF_HOUR
    return ceil(min(photographs, manifests) + min(photographs, records))
