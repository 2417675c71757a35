"""The Python interface: :func:`upscale` for one picture, :func:`upscale_batch` for files."""

from sr_batch.api.calls import upscale, upscale_batch

__all__ = ["upscale", "upscale_batch"]
