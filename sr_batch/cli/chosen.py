"""What was said on a command line, as the values that the engine takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sr_batch.cli.values import parse_overlap, parse_tile
from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions

if TYPE_CHECKING:
    from sr_batch.watch.folder_pair import Pair


def upscale_options(said: Mapping[str, Any]) -> UpscaleOptions:
    """The options of a batch, of parameters by name.

    Raises:
        UsageError: one is out of its range.
    """
    alike = {field.name: said[field.name] for field in fields(UpscaleOptions) if field.name in said}
    others = {
        "format": said["output_format"],
        "tile": parse_tile(said["tile"]),
        "overlap": parse_overlap(said["overlap"]),
        "include": tuple(said["include"] or ()),
        "exclude": tuple(said["exclude"] or ()),
    }
    return UpscaleOptions(**alike | others)


def watched_pair(said: Mapping[str, Any]) -> Pair:
    """A pair of folders to watch.

    Raises:
        UsageError: a folder is missing, or an option is out of its range.
    """
    from sr_batch.watch.folder_pair import Pair

    if said["folder"] is None:
        raise UsageError("a [[pair]] has no folder to watch: name it with folder")
    if said["output"] is None:
        raise UsageError("the folder for the outputs is missing: name it with -o (output)")
    return Pair(
        source=Path(os.path.realpath(said["folder"])),
        output=Path(os.path.realpath(said["output"])),
        options=upscale_options(said),
        settle=said["settle"],
        rescan=said["rescan"],
        poll=said["poll"],
        after=said["after"],
    )
