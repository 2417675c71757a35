"""Libraries that an installation may lack: those for AVIF, HEIC and JPEG XL."""

from importlib.util import find_spec

from sr_batch.core.errors import UnsupportedImage, UsageError

# Format -> its name, the module that must exist, the command that installs it.
_NEEDS = {
    "avif": ("AVIF", "PIL._avif", "pip install --upgrade pillow"),
    "heic": ("HEIC", "pillow_heif", "pip install '.[heic]' in sr-batch's source"),
    "jxl": ("JPEG XL", "OpenImageIO", "pip install '.[jxl]' in sr-batch's source"),
}


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
    name, module, remedy = _NEEDS.get(kind, ("", "", ""))
    return f"{name}, which needs: {remedy}" if module and find_spec(module) is None else None
