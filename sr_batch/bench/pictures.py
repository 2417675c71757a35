"""The pictures that networks are measured on: all images of a folder, as 8-bit levels."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import Source, find_sources
from sr_batch.bench.quality import Levels
from sr_batch.codec import read_image
from sr_batch.core.errors import ImageError, UsageError
from sr_batch.core.options import MAX_PIXELS
from sr_batch.core.results import Failed
from sr_batch.files.reading import display_name, is_folder, most_bytes, read_source


@dataclass(frozen=True)
class PictureSet:
    """The pictures of a folder, in memory.

    Attributes:
        name: Name of the folder.
        pictures: uint8 (H, W, 3) or (H, W, 1).
        digest: Start of the SHA-256 of all their pixels.
    """

    name: str
    pictures: Sequence[Levels]
    digest: str


def list_pictures(folder: Path) -> list[Source | Failed]:
    """The images in ``folder`` and its subfolders; a Failed for each that cannot be opened.

    Raises:
        UsageError: no such folder, or it contains no image.
    """
    if not is_folder(folder):
        raise UsageError(f"{display_name(folder)}: no such folder; give a folder of pictures")
    everything = find_sources([str(folder)], Choice())
    found = [each for each in everything if isinstance(each, Failed) or not each.unread]
    if not found:
        raise UsageError(f"{display_name(folder)}: this folder contains no pictures")
    return found


def read_picture(path: Path) -> Levels:
    """Read the file at ``path`` as uint8 (H, W, 3) or (H, W, 1).

    Transparency is dropped, and 16-bit levels are rounded to 8 bits.

    Raises:
        ImageError: the file cannot be read; the message names it.
    """
    name = display_name(path)
    color = read_image(read_source(path, most_bytes(MAX_PIXELS)), name, MAX_PIXELS).color
    if color.dtype == np.uint8:
        return color.astype(np.uint8, copy=False)
    return np.rint(color / 257).astype(np.uint8)


def read_set(folder: Path) -> PictureSet:
    """All pictures of ``folder``.

    Raises:
        UsageError: no such folder, no picture in it, or a picture that cannot be read.
    """
    try:
        pictures = [*_pictures(folder)]
    except ImageError as fault:
        raise UsageError(f"{fault}; a set must be complete, so remove this file") from fault
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(str(picture.shape).encode() + picture.tobytes())
    return PictureSet(folder.resolve().name, pictures, digest.hexdigest()[:16])


def _pictures(folder: Path) -> Iterator[Levels]:
    for found in list_pictures(folder):
        if isinstance(found, Failed):
            raise UsageError(found.error)
        yield read_picture(found.path)
