"""How a job enlarges the pictures of a file, one at a time."""

import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.upscaling.kept_tiles import TileStore
from sr_batch.upscaling.upscaler import Upscaled


class Enlarger(Protocol):
    """The part of an `Upscaler` that jobs use. Calls are thread-safe."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def recipe(self) -> str: ...

    @property
    def equal_recipes(self) -> tuple[str, ...]: ...

    def output_size(self, size: Size) -> Size: ...

    def bound(self, size: Size) -> float: ...

    def passes(self, size: Size) -> tuple[int, ...]: ...

    def precision(self, size: Size) -> str | None: ...

    def seconds(self, size: Size) -> float: ...

    def __call__(
        self,
        image: Image,
        name: str,
        progress: Callable[[int], None],
        stop: threading.Event,
        store: TileStore | None = None,
    ) -> Upscaled: ...


class EnlargedPictures:
    """The pictures of a file, each decoded and enlarged when the encoder asks for it.

    Only one picture is so in memory at a time, and a file may have thousands.

    Attributes:
        notes: For the user, about the pictures so far, each note once; complete when the encoder
            has asked for all pictures.
    """

    def __init__(self, pages: Iterator[Image], enlarge: Callable[[Image], Upscaled]) -> None:
        self.notes: tuple[str, ...] = ()
        self._pages = pages
        self._enlarge = enlarge

    def __iter__(self) -> Iterator[Image]:
        for page in self._pages:
            enlarged = self._enlarge(page)
            self.notes = tuple(dict.fromkeys((*self.notes, *enlarged.notes)))
            yield enlarged.image
