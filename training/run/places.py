"""The folders that runs read and write."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """The folders of the image sets, of the runs, and of the weights that git keeps."""

    data: Path
    runs: Path
    kept: Path
