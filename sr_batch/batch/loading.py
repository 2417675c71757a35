"""How a job gets at an image file: its header first, its pictures when they are asked for.

The file is opened here, by the codec, or under ``--isolate`` in a decoder process, see
:mod:`sr_batch.batch.decoder_pool`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from sr_batch import codec
from sr_batch.core.image import Image


class LoadedFile(Protocol):
    """An image file whose header has been read."""

    @property
    def header(self) -> codec.Header: ...

    def pages(self) -> Iterator[Image]:
        """Decode its pictures, each when it is asked for. Call it once.

        Raises:
            ImageError: the file is truncated or damaged, or its decoder failed.
        """
        ...


Loader = Callable[[bytes, str, int], AbstractContextManager[LoadedFile]]
"""Opens a file: its bytes, its name for messages, and the limit of pixels.

Raises ImageError: the file is no image that can be read, or is over the limit.
"""


def load_file(data: bytes, name: str, max_pixels: int) -> AbstractContextManager[LoadedFile]:
    """The `Loader` that opens files in this process."""
    return nullcontext(codec.open_file(data, name, max_pixels))
