"""Enlarge photographs with super-resolution networks: ``sr_batch.upscale("photo.jpg")``.

Importing the package loads only this file; what it offers is imported when it is first used.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sr_batch.api import upscale, upscale_batch
    from sr_batch.core.errors import SrBatchError, Stopped

__all__ = ["SrBatchError", "Stopped", "__version__", "upscale", "upscale_batch"]

__version__ = "0.1.0"

# ONNX Runtime reports to its makers unless this is set before its first import, wherever that is.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_MODULES = {
    "SrBatchError": "sr_batch.core.errors",
    "Stopped": "sr_batch.core.errors",
    "upscale": "sr_batch.api",
    "upscale_batch": "sr_batch.api",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
