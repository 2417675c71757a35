"""Modules of formats, loaded when needed: loading all takes longer than one picture."""

from importlib import import_module
from typing import Any


def of_format(module: str) -> Any:
    """``sr_batch.codec.MODULE``."""
    return import_module(f"sr_batch.codec.{module}")
