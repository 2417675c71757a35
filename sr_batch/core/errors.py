"""All errors, as one tree. The CLI maps a class to its exit code, nothing else.

::

    SrBatchError                 1   fatal: the batch cannot go on
    ├── StorageError             1   writing failed: a full or failing disk, a read-only file system
    ├── UsageError               2   the command line cannot be run
    │   ├── UnknownModel         2   no exported model of that name
    │   ├── ImportRefused        2   a file of another project that cannot become a model
    │   └── OutputCollision      2   two inputs would write one output
    ├── ImageError               3   one image failed; the others go on
    │   ├── UnreadableImage      3   missing, empty, truncated, corrupt, no permission
    │   ├── UnsupportedImage     3   a format or pixel layout that is not supported
    │   ├── ImageTooLarge        3   over the pixel limit, or over the output format's
    │   ├── UnwritableOutput     3   this output cannot be written; others may be
    │   ├── OutOfMemory          3   not even the smallest tile fits
    │   ├── TookTooLong          3   an added model computes a tile far longer than was measured
    │   └── BadOutput            3   the network returned NaN, or another picture
    ├── DeviceUnavailable        4   the requested device cannot be used
    └── ClusterLost              5   the cluster ended during the run

Every message is one line: what happened, to which file, and the flag or command that fixes it.
`Stopped` is not in the tree: it ends work that nobody waits for any more, and has no message.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class SrBatchError(Exception):
    """Base of all errors that a user may see. ``exit_code`` is what the process returns."""

    exit_code = 1


class StorageError(SrBatchError):
    """The disk is full or fails, for all outputs; existing files are untouched."""


class UsageError(SrBatchError):
    """A wrong option value or an input that does not exist."""

    exit_code = 2


class UnknownModel(UsageError):
    """No exported model has this name, or none at this scale."""


class ImportRefused(UsageError):
    """A file cannot become a model: not a network, or one that is not supported."""


class OutputCollision(UsageError):
    """Two inputs would write one output; raised before any work."""


class ImageError(SrBatchError):
    """One image failed. Becomes a ``Failed`` result at the job boundary."""

    exit_code = 3


class UnreadableImage(ImageError):
    """The file is missing, empty, truncated, corrupt or not permitted."""


class UnsupportedImage(ImageError):
    """The file is not an image, or of a kind that is not supported."""


class ImageTooLarge(ImageError):
    """The image is over the pixel limit, or the output is too large for its format."""


class UnwritableOutput(ImageError):
    """This output cannot be written: no permission, a name too long, a foreign file in its place.

    An existing file is untouched.
    """


class OutOfMemory(ImageError):
    """Inference ran out of memory. The engine halves the tile before it gives up."""


class TookTooLong(ImageError):
    """A model that the user added takes far longer for a tile than when it was added."""


class BadOutput(ImageError):
    """The network returned NaN, or the output is not the input's picture; nothing is written."""


class DeviceUnavailable(SrBatchError):
    """The requested execution provider cannot run here."""

    exit_code = 4


class ClusterLost(SrBatchError):
    """The cluster that carried out the run does not exist any more; outputs are untouched."""

    exit_code = 5


class Stopped(Exception):
    """The stop event was set before the work on an image was done; the image is dropped."""


@contextmanager
def about(name: str) -> Iterator[None]:
    """Put the image's ``name`` in front of the message of an `ImageError`."""
    try:
        yield
    except ImageError as fault:
        raise type(fault)(f"{name}: {fault}") from fault


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """``did you mean edsr? `` if ``name`` resembles one of ``known``, else an empty text."""
    from difflib import get_close_matches  # loaded only on errors

    nearest = get_close_matches(name, known, n=1, cutoff=cutoff)
    return f"did you mean {nearest[0]}? " if nearest else ""


def no_such_model(name: str, known: Iterable[str], listed: Iterable[str]) -> UnknownModel:
    """The error about the ``name`` of a model.

    Args:
        name: What was asked for.
        known: The names that there are.
        listed: The same as the message shows them.
    """
    question = did_you_mean(name.lower(), known)
    available = f"{question}Available" if question else "available"
    return UnknownModel(f"there is no model {name}; {available}: {', '.join(listed)}")
