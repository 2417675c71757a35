"""The pictures of a replay: all of them, or small parts of a few for a short run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from training.data.pictures import list_images, read_rgb
from training.data.sources import Data, Source, gather
from training.replay.description import Pictures

SIDE = 120  # HR pixels a side of the pictures of a short run; IFC needs 96 without the border
_TRAINED, _JUDGED = 4, 2  # their number


@dataclass(frozen=True)
class Material:
    """The pictures that a replay uses.

    Attributes:
        folder: The data folder.
        data: What is trained on below it.
        judged: HR pictures that networks are measured on.
        choice: What the report says of them.
    """

    folder: Path
    data: Data
    judged: Sequence[Path]
    choice: Pictures


def all_pictures(choice: Pictures, folder: Path, scale: int, least: int, most: int = 0) -> Material:
    """All pictures of ``choice`` below ``folder``, of at least ``least`` HR pixels a side.

    Networks are measured on at most ``most`` pictures of each folder; 0 for all.

    Raises:
        FileNotFoundError: a folder contains no picture.
        UsageError: there are too few pictures for the split.
        TooSmall: no picture is large enough.
    """
    if choice.judged:
        judged = [
            path for name in choice.judged for path in list_images([folder / name])[: most or None]
        ]
    else:
        cutting = choice.data.cutting(least)
        # The run itself tells what is left out.
        found = gather(folder, choice.data, scale, cutting, left_out=lambda _: None)
        judged = [picture.hr for picture in (found.test or found.validation)[: most or None]]
    return Material(folder, choice.data, judged[: choice.most or None], choice)


def few_pictures(choice: Pictures, folder: Path, scratch: Path) -> Material:
    """The middle of a few pictures of ``choice``, written to ``scratch``.

    Raises:
        FileNotFoundError: a folder contains no picture.
        ImageError: one of these few cannot be read.
    """
    trained = list_images([folder / source.hr for source in choice.data.train])
    judged = list_images([folder / name for name in choice.judged]) if choice.judged else trained
    _write_middles(trained[:_TRAINED], scratch / "train")
    _write_middles(trained[-_JUDGED:], scratch / "val")
    _write_middles(judged[-_JUDGED:], scratch / "judged")
    data = Data((Source("train"),), (Source("val"),))
    return Material(scratch, data, list_images([scratch / "judged"]), choice)


def _write_middles(paths: Sequence[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for path in paths:
        pixels = read_rgb(path)
        top, left = (max(0, side - SIDE) // 2 for side in pixels.shape[:2])
        crop = pixels[top : top + SIDE, left : left + SIDE]
        Image.fromarray(crop).save(folder / f"{path.stem}.png")
