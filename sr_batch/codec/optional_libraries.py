"""Libraries that an installation may lack: those for AVIF, HEIC and JPEG XL."""

from importlib.util import find_spec

from sr_batch.codec.formats import FORMATS
from sr_batch.core.errors import UnsupportedImage, UsageError
from sr_batch.core.installing import pip


def require_decoder(kind: str) -> None:
    """Refuse a file whose library is missing; the library is not loaded to find out.

    Raises:
        UnsupportedImage: without a file name; the caller adds it.
    """
    if lacking := _lacking(kind):
        raise UnsupportedImage(f"it is {lacking}")


def require_encoder(kind: str) -> None:
    """Refuse outputs whose library is missing.

    Raises:
        UsageError: with the command that installs it.
    """
    if lacking := _lacking(kind):
        raise UsageError(f"the output format is {lacking}")


def _lacking(kind: str) -> str | None:
    row = FORMATS.get(kind)  # "keep" has none
    if row and row.library and find_spec(row.library) is None:
        return f"{row.title}, which needs: {pip('install', '--upgrade', *row.packages)}"
    return None
