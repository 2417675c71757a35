"""The pictures of a run: those that it learns from, and those that it is monitored on."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from training.data.corpus import Picture, list_images, read_rgb, shipped_images
from training.data.sources import Data, gather, layout, usable
from training.data.tiles import Cutting
from training.evaluate.standard_sets import SETS
from training.recipes.recipe import Recipe

MONITOR = Path("eval/Set5")  # below the data
_MOST, _SIDE = 16, 480  # pictures that a run is monitored on, and HR pixels a side of each


@dataclass(frozen=True)
class RunData:
    """What a run learns from.

    Attributes:
        train: The training pictures.
        cutting: How they are cut into tiles.
        validation: HR pictures that are not trained on; empty if the standard sets measure the run.
    """

    train: tuple[Picture, ...]
    cutting: Cutting
    validation: tuple[Path, ...] = ()

    @property
    def files(self) -> list[Path]:
        """The HR files that the run learns from."""
        return [picture.hr for picture in self.train]


def has_image_sets(folder: Path) -> bool:
    """Whether ``folder`` holds the image sets of the released networks."""
    return (folder / "train-tight").is_dir()


def data_of(plan: Recipe, folder: Path) -> Data | None:
    """The data of ``plan``; None for the image sets of the released networks."""
    if plan.data or has_image_sets(folder):
        return plan.data
    return layout(folder)


def run_data(plan: Recipe, folder: Path) -> RunData:
    """The pictures of ``plan`` below the data ``folder``.

    The image sets of the released networks are cut into whole tiles only, as they always were.

    Raises:
        FileNotFoundError: a folder does not exist or contains no image.
        UsageError: two folders do not match, or the pictures cannot be split.
        TooSmall: no picture is large enough for the recipe's patches.
    """
    data, least = data_of(plan, folder), max((s.patch for s in plan.stages), default=1) * plan.scale
    if data is None:
        files, cutting = shipped_images(folder, plan.photographs), Cutting(covers=False)
        return RunData(usable([(path, None) for path in files], plan.scale, cutting), cutting)
    found = gather(folder, data, plan.scale, data.cutting(least))
    return RunData(found.train, data.cutting(least), tuple(each.hr for each in found.validation))


def monitored(pictures: RunData, data: Path, folder: Path) -> tuple[Path, ...]:
    """The HR pictures that a run is scored on at every checkpoint: Set5, or own pictures.

    Of own pictures, the centers of at most 16 are written to ``folder``, so that scoring them takes
    little time.
    """
    if not pictures.validation:
        return tuple(list_images([data / MONITOR]))
    folder.mkdir(parents=True, exist_ok=True)
    step = -(-len(pictures.validation) // _MOST)
    return tuple(_center(path, folder) for path in pictures.validation[::step])


def measured_on(plan: Recipe, data: Path) -> tuple[Path, ...]:
    """The HR pictures that the finished network is measured on.

    None if ``data`` has the standard sets and ``valid``, which then measure it.
    """
    if all((data / name).is_dir() for name in ("valid", *(f"eval/{name}" for name in SETS))):
        return ()
    return run_data(plan, data).validation


def _center(path: Path, folder: Path) -> Path:
    pixels = read_rgb(path)
    top, left = (max(0, length - _SIDE) // 2 for length in pixels.shape[:2])
    made = folder / f"{path.name}.png"
    Image.fromarray(pixels[top : top + _SIDE, left : left + _SIDE]).save(made)
    return made
