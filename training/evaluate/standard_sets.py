"""PSNR-Y and SSIM on the standard sets, measured by :mod:`sr_batch.bench.quality`."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sr_batch.bench.pictures import read_picture
from sr_batch.bench.quality import Judged, Score, mean
from sr_batch.core.errors import about
from sr_batch.inference.session import Session
from training.data.pictures import list_images
from training.evaluate.metrics import METRICS, pooled_psnr
from training.evaluate.protocol import DEFAULT, Protocol
from training.evaluate.restore import Pair, restored
from training.models.layers import Bicubic
from training.models.torch_session import TorchSession, unmeasured_spec


def score_pictures(
    paths: Iterable[Path], session: Session, workers: int = 1, protocol: Protocol = DEFAULT
) -> Judged:
    """Scores over HR pictures by ``protocol``, ``workers`` of them at a time.

    Raises:
        ImageError: a picture cannot be read, or is too small to be judged.
    """
    with ThreadPoolExecutor(workers) as pool:
        every = list(pool.map(lambda path: _judge(path, session, protocol), paths))
    return _pooled(every) if protocol.pooled else mean(every)


def score_sets(
    session: Session, data: Path, workers: int = 1, protocol: Protocol = DEFAULT
) -> dict[str, Judged]:
    """Scores over each set of ``protocol`` under ``data``.

    Raises:
        FileNotFoundError: a set is missing.
    """
    folders = {name: list_images([data / "eval" / name]) for name in protocol.sets}
    return {
        name: score_pictures(paths, session, workers, protocol) for name, paths in folders.items()
    }


def bicubic_scores(data: Path, scale: int, workers: int = 1) -> dict[str, Score]:
    """Scores of bicubic on each standard set, the first row of every published table.

    They also prove that the folders hold the right pictures.

    Raises:
        FileNotFoundError: a set is missing.
    """
    session = TorchSession(Bicubic(scale), unmeasured_spec("bicubic", scale, "y"))
    return {name: each.bicubic for name, each in score_sets(session, data, workers).items()}


def rounded(judged: Mapping[str, Judged]) -> dict[str, tuple[float, float]]:
    """(PSNR-Y, SSIM) of the network on each set, as a contract states them."""
    scores = {name: each.network for name, each in judged.items()}
    return {name: (round(s.psnr, 3), round(s.ssim, 4)) for name, s in scores.items()}


def _pooled(every: Sequence[Judged]) -> Judged:
    """The mean, with the PSNR of the pooled error."""
    means = mean(every)
    bicubic = pooled_psnr(each.bicubic.psnr for each in every)
    network = pooled_psnr(each.network.psnr for each in every)
    return Judged(Score(bicubic, means.bicubic.ssim), Score(network, means.network.ssim))


def _score(pair: Pair) -> Score:
    return Score(METRICS["psnr"].of(pair), METRICS["ssim"].of(pair))


def _judge(path: Path, session: Session, protocol: Protocol) -> Judged:
    picture = read_picture(path)
    with about(path.name):
        pair = restored(picture, session, protocol)
        return Judged(_score(pair.bicubic), _score(pair.network))
