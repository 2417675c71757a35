"""Image files to pixels: a file's header, and its pictures, one after the other."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from sr_batch.codec.backends import opencv, pillow
from sr_batch.codec.container import Container, decode
from sr_batch.codec.formats import FORMATS, load, titles
from sr_batch.codec.limits import require_within
from sr_batch.codec.optional_libraries import require_decoder
from sr_batch.codec.sniff import describe, is_cut_short, sniff
from sr_batch.core.errors import UnreadableImage, UnsupportedImage, about
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image

_HEAD = 512
_HEADER_FAULTS = (struct.error, ValueError, LookupError, ArithmeticError, zlib.error)


@dataclass(frozen=True)
class Header:
    """What is known of a file's pictures before they are decoded.

    Attributes:
        format: Found from the file's content, not from its suffix.
        sizes: Of the upright pictures: one picture, all pages or all frames.
        orientation: EXIF orientation of the first, 1 to 8.
        decoded_bytes: Memory that all decoded pixels take.
        animated: Whether the pictures are frames of an animation.
    """

    format: str
    sizes: tuple[Size, ...]
    orientation: int
    decoded_bytes: int
    animated: bool = False

    @property
    def size(self) -> Size:
        """Of the first picture."""
        return self.sizes[0]

    @property
    def pixels(self) -> int:
        """Of all pictures."""
        return sum(size.pixels for size in self.sizes)


@dataclass(frozen=True)
class OpenedFile:
    """A file whose header has been read, and whose pictures are not decoded yet."""

    header: Header
    _name: str
    _containers: tuple[Container, ...]

    def pages(self) -> Iterator[Image]:
        """Decode the pictures as `read_pages` does. Call it once: a frame builds on those before.

        Raises:
            UnreadableImage: truncated or damaged.
        """
        with about(self._name):
            for container in self._containers:
                yield decode(container)


def open_file(data: bytes, name: str, max_pixels: int) -> OpenedFile:
    """Read a file's header, in milliseconds for any size that it claims.

    Args:
        data: The whole file.
        name: What error messages call it.
        max_pixels: Limit of width times height.

    Raises:
        UnreadableImage: empty or damaged.
        UnsupportedImage: no image, or of a kind that is not handled.
        ImageTooLarge: over ``max_pixels``.
    """
    with about(name):
        containers = _open(data, max_pixels)
    first = containers[0]
    header = Header(
        format=first.format,
        sizes=tuple(container.size for container in containers),
        orientation=first.orientation,
        decoded_bytes=sum(container.decoded_bytes for container in containers),
        animated=first.timing is not None,
    )
    return OpenedFile(header, name, containers)


def read_header(data: bytes, name: str, max_pixels: int) -> Header:
    """The header alone. Arguments and errors as `open_file`."""
    return open_file(data, name, max_pixels).header


def read_pages(data: bytes, name: str, max_pixels: int) -> Iterator[Image]:
    """Decode a file: its one picture, or its pages or frames, each when it is asked for.

    They are the right way up; gray, alpha and 16 bit are kept. Arguments as `open_file`.

    Raises:
        UnreadableImage: empty, truncated or damaged.
        UnsupportedImage: no image, or of a kind that is not handled.
        ImageTooLarge: over ``max_pixels``.
    """
    yield from open_file(data, name, max_pixels).pages()


def read_image(data: bytes, name: str, max_pixels: int) -> Image:
    """The only picture of a file. As `read_pages`.

    Raises:
        UnsupportedImage: there are several, among other reasons.
    """
    file = open_file(data, name, max_pixels)
    if len(file.header.sizes) > 1:
        raise UnsupportedImage(
            f"{name}: it has {len(file.header.sizes)} pictures, but only files with one picture"
            " can be used here; sr-batch upscale enlarges all of them"
        )
    return next(file.pages())


def preload() -> None:
    """Load all decoders except those of extras now, not when they are needed.

    For a process whose decoding is limited in time and memory.
    """
    for row in FORMATS.values():
        load(row.decoder)
    opencv.load()
    pillow.load()


def _open(data: bytes, max_pixels: int) -> tuple[Container, ...]:
    """Read the structure of ``data``, and refuse sizes before anything is decoded.

    Pages are decoded one by one, so the limit applies to each; it applies to all frames together.
    """
    if not data:
        raise UnreadableImage("the file is empty")
    kind = sniff(data[:_HEAD])
    if kind is None and is_cut_short(data[:_HEAD]):
        raise UnreadableImage(
            f"truncated: it ends after {len(data)} {'byte' if len(data) == 1 else 'bytes'}"
        )
    if kind is None:
        raise UnsupportedImage(f"it is {describe(data[:_HEAD])}, not {titles()}")
    require_decoder(kind)
    try:
        pages = _taken_apart(data, kind)
    except _HEADER_FAULTS as fault:
        raise UnreadableImage(f"truncated or damaged {kind} (header)") from fault
    frames = len(pages) if pages[0].timing else 1
    for size in {page.size for page in pages}:
        if min(size.width, size.height) < 1:
            raise UnreadableImage(f"damaged {kind} (it is {size} pixels)")
        require_within(size, max_pixels, frames)
    return pages


def _taken_apart(data: bytes, kind: str) -> tuple[Container, ...]:
    opened: Container | tuple[Container, ...] = load(FORMATS[kind].decoder)(data)
    return (opened,) if isinstance(opened, Container) else opened
