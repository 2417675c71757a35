"""What a request would make, and whether the limits allow it, before any work."""

from sr_batch import codec
from sr_batch.batch.enlarge_file import Outline, outline
from sr_batch.batch.loading import Loader
from sr_batch.core.errors import SrBatchError, Stopped, about
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.serve.problems import Problem, problem_of
from sr_batch.serve.queue import STOPPING
from sr_batch.serve.store import StoredFile


def read_header(file: StoredFile, name: str, max_pixels: int, load: Loader) -> codec.Header:
    """The header of a picture. Raises Problem unless it is one that can be read."""
    try:
        with load(file.read(), name, max_pixels) as opened:
            return opened.header
    except Stopped as error:
        raise STOPPING from error
    except SrBatchError as error:
        raise problem_of(error) from error


def plan(header: codec.Header, name: str, options: UpscaleOptions, most_pixels: int) -> Outline:
    """The format and the sizes of the output.

    Raises:
        Problem: 413 if it is over ``most_pixels`` or what its format holds, 422 if it cannot be.
    """
    try:
        with about(name):
            if options.goal.leaves(header.size):
                raise Problem(422, f"{name}: {header.size} is large enough already")
        made = outline(header, options.format, name, options.goal.size_of)
        codec.require_encoder(made.kind)
        made.require_possible(name)
    except SrBatchError as error:
        raise problem_of(error) from error
    _require_within(made.sizes, most_pixels, name)
    return made


def _require_within(sizes: tuple[Size, ...], most: int, name: str) -> None:
    pixels = sum(size.pixels for size in sizes)
    if pixels > most:
        raise Problem(
            413,
            f"{name}: the output would have {pixels:,} pixels, and the limit of this server is"
            f" {most:,}: choose a smaller size",
        )
