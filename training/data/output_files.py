"""The files that are written for the pictures of folders."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from sr_batch.core.errors import UsageError
from training.data.pictures import list_images


def degraded_files(folders: Iterable[Path], out: Path) -> Mapping[Path, Path]:
    """Each picture in ``folders`` -> the PNG below ``out`` for it, in the same subfolder.

    Raises:
        FileNotFoundError: a folder does not exist or contains no image.
        UsageError: two pictures have the same name but for the suffix; the message names them.
    """
    files: dict[Path, Path] = {}
    sources: dict[Path, Path] = {}
    for folder in folders:
        for path in list_images([folder], advice=""):
            made = (out / path.relative_to(folder)).with_suffix(".png")
            if made in sources:
                raise UsageError(
                    f"{sources[made]} and {path} would both become {made}; rename one of them"
                )
            files[path], sources[made] = made, path
    return files
