"""Where a run happens: its folder, its device, and who watches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from training.run.team import ALONE, Team

Watcher = Callable[[int, Mapping[str, float]], None]
"""Takes the iteration of a checkpoint, after it was saved, and the value of each ``Quantity``."""

EVERY = 500  # iterations between checkpoints, for recipes without epochs


def _ignore(iteration: int, figures: Mapping[str, float]) -> None:
    pass


@dataclass(frozen=True)
class Setting:
    """Where a run happens. Nothing here changes the trained weights beyond rounding."""

    folder: Path
    device: torch.device
    amp: bool  # bf16 autocast
    monitor: tuple[Path, ...]  # HR pictures scored at every checkpoint; none: those of the data
    every: int = EVERY  # iterations between checkpoints; 0: an epoch of the recipe, or EVERY
    features: Path = Path("squeezenet_v1.1_notop.h5")  # for the perceptual loss
    teachers: Path = Path("teachers")  # folder of the files of teachers
    compiler: str = ""  # backend of torch.compile, such as inductor; empty to do without
    monitored_pairs: tuple[tuple[Path, Path], ...] = ()  # HR and LR, scored in place of ``monitor``
    watcher: Watcher = _ignore  # what it raises ends the run
    team: Team = ALONE  # the processes that train together
