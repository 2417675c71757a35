"""Enlarge photographs with super-resolution networks: ``sr_batch.upscale("photo.jpg")``.

Importing the package loads only this file; :func:`upscale` imports the rest.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sr_batch.api import upscale

__all__ = ["__version__", "upscale"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "upscale":
        from sr_batch.api import upscale

        return upscale
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
