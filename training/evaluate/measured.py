"""Every metric of every picture of a set, and the figures of the whole set."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from sr_batch.bench.pictures import read_picture
from sr_batch.core.errors import about
from sr_batch.inference.session import Session
from training.evaluate.metrics import METRICS, Metric, pooled_psnr
from training.evaluate.protocol import Protocol
from training.evaluate.restore import restored

BICUBIC = "bicubic"

Values = Mapping[str, float]
"""Name of a metric -> its value."""


@dataclass(frozen=True)
class Measured:
    """The figures of bicubic and of a network for one picture."""

    picture: str
    bicubic: Values
    network: Values


@dataclass(frozen=True)
class SetResult:
    """The figures of one network on one set of pictures.

    Attributes:
        network: Its name.
        scale: Its scale.
        name: Name of the set.
        protocol: How it was measured.
        pictures: One for each picture.
    """

    network: str
    scale: int
    name: str
    protocol: Protocol
    pictures: Sequence[Measured]

    @property
    def bicubic_means(self) -> Values:
        """The figures of bicubic on the whole set."""
        return _means([each.bicubic for each in self.pictures], self.protocol.pooled)

    @property
    def means(self) -> Values:
        """The figures of the network on the whole set."""
        return _means([each.network for each in self.pictures], self.protocol.pooled)


def measure_pictures(
    paths: Iterable[Path],
    session: Session,
    metrics: Mapping[str, Metric],
    protocol: Protocol,
    workers: int = 1,
) -> list[Measured]:
    """Measure every picture, ``workers`` of them at a time.

    Raises:
        ImageError: a picture cannot be read, or is too small for one of the metrics.
    """
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda path: _measured(path, session, metrics, protocol), paths))


def _measured(
    path: Path, session: Session, metrics: Mapping[str, Metric], protocol: Protocol
) -> Measured:
    picture = read_picture(path)
    with about(path.name):
        seen = {"protocol": restored(picture, session, protocol)}
        if any(metric.channel == "rgb" for metric in metrics.values()):
            seen["rgb"] = restored(picture, session, replace(protocol, channel="rgb"))
        of = {name: seen.get(metric.channel, seen["protocol"]) for name, metric in metrics.items()}
        bicubic = {name: metric.of(of[name].bicubic) for name, metric in metrics.items()}
        network = {name: metric.of(of[name].network) for name, metric in metrics.items()}
    return Measured(path.stem, bicubic, network)


def _means(rows: Sequence[Values], pooled: bool) -> Values:
    means = {name: fmean(row[name] for row in rows) for name in rows[0]}
    if pooled and "psnr" in means:
        means["psnr"] = pooled_psnr(row["psnr"] for row in rows)
    return means


def text_of(name: str, value: float) -> str:
    """``value`` of the metric ``name`` as tables print it."""
    return f"{value:.{METRICS[name].digits}f}"
