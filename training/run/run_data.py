"""The pictures of a run: those that it learns from, and those that it is monitored on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sr_batch.core.errors import ImageError, UsageError
from training.data.corpus import count_tiles
from training.data.pictures import Picture, TooSmall, list_images, read_rgb, shipped_images, tell
from training.data.sources import Data, gather, layout, usable
from training.data.tiles import Cutting
from training.evaluate.protocol import SETS
from training.recipes.recipe import Recipe

MONITOR = Path("eval/Set5")  # below the data
CENTERS = "validation"  # in the folder of a run: the centers of its validation pictures
_MOST, _SIDE = 16, 480  # pictures that a run is monitored on, and HR pixels a side of each


@dataclass(frozen=True)
class RunData:
    """What a run learns from.

    Attributes:
        train: The training pictures.
        cutting: How they are cut into tiles.
        validation: Pictures that are not trained on; empty if the standard sets measure the run.
    """

    train: tuple[Picture, ...]
    cutting: Cutting
    validation: tuple[Picture, ...] = ()

    @property
    def files(self) -> list[Path]:
        """The HR files that the run learns from."""
        return [picture.hr for picture in self.train]

    def tiles(self, scale: int) -> int:
        """The number of tiles that the training pictures are cut into at ``scale``."""
        return count_tiles(self.train, scale, self.cutting)


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
    _require_lr_of(plan, found.train)
    return RunData(found.train, data.cutting(least), found.validation)


def _require_lr_of(plan: Recipe, pictures: Sequence[Picture]) -> None:
    """Raises UsageError if pictures have an LR that ``plan`` would not use."""
    first = next((each.lr for each in pictures if each.lr), None)
    if first and plan.scales:
        scales = ", ".join(f"x{scale}" for scale in (plan.scale, *plan.scales))
        raise UsageError(f"{first}: pairs have one scale, but the recipe is for {scales}")
    if first and plan.degradation != "bicubic":
        raise UsageError(
            f"{first}: the pictures have their own LR, but the recipe makes it by"
            f" `{plan.degradation}`; set its `degradation` to bicubic"
        )


def monitored(pictures: RunData, data: Path, folder: Path) -> tuple[tuple[Path, Path | None], ...]:
    """HR pictures, with LR if it has files, that a run is scored on at every checkpoint.

    Without validation pictures they are Set5. Of own HR pictures, the centers are written to
    ``folder``, so that scoring them takes little time. At most 16 are taken.

    Raises:
        FileNotFoundError: there are neither validation pictures nor Set5.
        TooSmall: no validation picture can be decoded.
    """
    if not pictures.validation:
        return tuple((path, None) for path in list_images([data / MONITOR]))
    folder.mkdir(parents=True, exist_ok=True)
    step = -(-len(pictures.validation) // _MOST)
    made: list[tuple[Path, Path | None]] = []
    for each in pictures.validation[::step]:
        try:
            made.append((each.hr, each.lr) if each.lr else (_center(each.hr, folder), None))
        except ImageError as error:
            tell(str(error))
    if not made:
        raise TooSmall("none of the validation pictures can be decoded")
    return tuple(made)


def measured_on(plan: Recipe, data: Path) -> tuple[Picture, ...]:
    """The pictures that the finished network is measured on.

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
