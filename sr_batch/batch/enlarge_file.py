"""The way of one file through the engine, without paths: decode, enlarge, encode."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from sr_batch import codec
from sr_batch.batch.enlarging import EnlargedPictures, Enlarger
from sr_batch.batch.loading import LoadedFile
from sr_batch.core.errors import about
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.upscaling.kept_tiles import TileStore
from sr_batch.upscaling.upscaler import Upscaled


@dataclass(frozen=True)
class Outline:
    """What an output will be, from the header of its input alone.

    Attributes:
        header: Of the input.
        kind: Format of the output.
        sizes: Of its pictures.
    """

    header: codec.Header
    kind: str
    sizes: tuple[Size, ...]

    def require_possible(self, name: str) -> None:
        """Check that the format can hold the output. ``name`` is that of the input, for messages.

        Raises:
            ImageError: it cannot.
        """
        codec.require_holds(self.header, self.kind, name)
        for size in self.sizes:
            codec.require_fits(size, self.kind, name)

    def peak_bytes(self, file_bytes: int, verify: bool) -> int:
        """Memory that the work needs at its peak: the file, all that is decoded, all enlarged.

        The last counts twice if it is decoded again, to ``verify`` it.
        """
        decoded = self.header.decoded_bytes
        enlarged = decoded * self.sizes[0].pixels // self.header.size.pixels
        return file_bytes + decoded + enlarged * (2 if verify else 1)


def outline(
    header: codec.Header, format: str, name: str, output_size: Callable[[Size], Size]
) -> Outline:
    """What an output will be.

    Args:
        header: Of the input.
        format: Of the output; ``keep`` for that of the input.
        name: Of the input, for messages.
        output_size: Size of the output for a picture of a size, such as ``Goal.size_of``.

    Raises:
        ImageTooLarge: a picture would be enlarged more than 64 times.
    """
    with about(name):
        sizes = tuple(output_size(size) for size in header.sizes)
    return Outline(header, header.format if format == "keep" else format, sizes)


@dataclass(frozen=True)
class Encoded:
    """An output file.

    Attributes:
        data: Its bytes.
        notes: For the user, such as what its format cannot hold.
    """

    data: bytes
    notes: tuple[str, ...]


def enlarge_file(
    file: LoadedFile,
    upscaler: Enlarger,
    options: UpscaleOptions,
    kind: str,
    name: str,
    progress: Callable[[int], None],
    stop: threading.Event,
    tiles: TileStore | None = None,
) -> Encoded:
    """Decode, enlarge and encode all pictures of ``file``.

    Args:
        file: An opened file whose pictures were not decoded yet.
        upscaler: With ``--model auto``, the one that `AutoUpscaler.chosen_for` finds for the first
            picture, so that all pictures of a file get the same network.
        options: What is kept of the metadata, and how it is encoded.
        kind: Format of the output.
        name: Of the input, for messages.
        progress: Receives numbers of finished input pixels, from any thread.
        stop: Ends the work within a second when it is set.
        tiles: Keeps finished tiles when it is stopped; only for files of one picture.

    Raises:
        Stopped: ``stop`` was set.
        ImageError: the file is damaged, or cannot be enlarged or encoded.
    """

    def enlarge(page: Image) -> Upscaled:
        page = replace(page, metadata=codec.kept(page.metadata, options.metadata))
        enlarged = upscaler(page, name, progress, stop, tiles)
        lost = codec.losses(enlarged.image, kind)
        return replace(enlarged, notes=(*enlarged.notes, *lost))

    pictures = EnlargedPictures(file.pages(), enlarge)
    data = codec.encode_pages(pictures, kind, options.quality, options.png_effort)
    return Encoded(data, pictures.notes)
