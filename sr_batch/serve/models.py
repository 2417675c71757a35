"""What clients may choose from: models, options, formats and limits, as JSON."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from sr_batch.codec import FORMATS
from sr_batch.core.model_spec import from_metadata
from sr_batch.core.option import Option
from sr_batch.core.options import AUTO, UpscaleOptions
from sr_batch.inference.model_card import read_card
from sr_batch.inference.model_catalog import ModelFile, all_models
from sr_batch.inference.onnx_metadata import read_metadata
from sr_batch.serve import body, guard, queue, views
from sr_batch.serve.client_options import model_names, offered
from sr_batch.serve.problems import without_flags
from sr_batch.serve.settings import ServeOptions

_HELP = {"model": "Name of a model, or auto: chosen for each picture."}
_LEAST = re.compile(r"(?:from|at least|above) (\d+)")
_MOST = re.compile(r"(?:to|at most) (\d+)")
_AUTO = {
    "name": AUTO,
    "purpose": "chosen for each picture",
    "speed": "medium",
    "scales": [2, 3, 4],
    "precisions": [],
    "license": "",
    "strengths": "",
    "limits": "",
}


def choices(options: ServeOptions, base: UpscaleOptions) -> dict[str, Any]:
    """The answer of ``/api/v1/models``."""
    families = groupby(all_models(), lambda model: model.name)
    return {
        "version": version("sr-batch"),
        "default": {"model": base.model, "scale": base.goal.fixed},
        "models": [_AUTO, *(_family(name, list(files)) for name, files in families)],
        "options": [option_json(option, base) for option in offered()],
        "formats": [
            {
                "name": row.name,
                "title": row.title,
                "suffixes": list(row.suffixes),
                "mime": row.mime_types[0],
                "available": not row.library or find_spec(row.library) is not None,
            }
            for row in FORMATS.values()
        ],
        "limits": limits(options, base),
    }


def limits(options: ServeOptions, base: UpscaleOptions) -> dict[str, float]:
    """All limits of the server."""
    return {
        "max_body_bytes": options.body_bytes,
        "max_pixels": base.max_pixels,
        "max_output_pixels": options.max_output_pixels,
        "quota_bytes": options.quota_bytes,
        "keep_minutes": options.keep,
        "idle_minutes": options.idle,
        "body_seconds": body.PATIENCE,
        "max_jobs": queue.MOST_JOBS,
        "max_waiting_requests": queue.MOST_REQUESTS,
        "max_requests": guard.MOST_REQUESTS,
        "compare_side": views.MOST_COMPARED,
        "view_side": views.MOST_SIDE,
    }


def option_json(option: Option, base: UpscaleOptions) -> dict[str, Any]:
    """One row of the table of options, for programs that draw a form of it."""
    allowed = option.allowed.text if option.allowed else ""
    least, most = _LEAST.search(allowed), _MOST.search(allowed)
    return {
        "name": option.name,
        "help": without_flags(_HELP.get(option.name, option.help)),
        "kind": _kind(option),
        "choices": list(model_names() if option.name == "model" else option.choices),
        "allowed": allowed,
        "least": float(least[1]) if least else None,
        "most": float(most[1]) if most else None,
        "default": getattr(base, option.name),
        "panel": option.panel,
    }


def _kind(option: Option) -> str:
    if option.kind is bool:
        return "flag"
    if option.choices or option.name == "model":
        return "choice"
    return {int: "integer", float: "number"}.get(option.kind, "text")


def _family(name: str, files: Sequence[ModelFile]) -> dict[str, Any]:
    card = next((card for file in files if (card := read_card(file.path)).purpose), None)
    return {
        "name": name,
        "purpose": card.purpose if card else "added by the owner of this server",
        "speed": card.speed if card else "",
        "scales": sorted({file.scale for file in files}),
        "precisions": sorted({file.precision for file in files}),
        "license": ", ".join(
            dict.fromkeys(_license(file.path, _stamp(file.path)) for file in files)
        ),
        "strengths": card.strengths if card else "",
        "limits": card.limits if card else "",
    }


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=512)
def _license(path: Path, stamp: int) -> str:
    """Of the network in a file that was last written at ``stamp``."""
    try:
        return from_metadata(read_metadata(path)).licence
    except (ValueError, OSError):
        return ""
