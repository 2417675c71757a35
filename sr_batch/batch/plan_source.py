"""Decides what one input becomes. Reads at most the head of the file, decodes nothing."""

import os
import sys
from pathlib import Path, PurePath

from sr_batch import codec
from sr_batch.batch.inputs import MAGIC_BYTES, Source
from sr_batch.batch.job import LARGE_ENOUGH, NOT_READ, Job
from sr_batch.batch.loading import Loader
from sr_batch.batch.output_paths import OutputPaths
from sr_batch.core.errors import ImageError, ImageTooLarge, Stopped, UnwritableOutput, about
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, NotRun, Skipped, cause_of
from sr_batch.core.target_size import Goal
from sr_batch.files.reading import PIPE, display_name, most_bytes, read_head, read_source
from sr_batch.files.windows_names import is_reserved

# Enough for the header of nearly every file; if it is not, the job itself reads the header.
_HEAD_BYTES = 1 << 16
_LONGEST_NAME = 255


def plan_source(
    source: Source, paths: OutputPaths, options: UpscaleOptions, model: str, load: Loader
) -> Job | Skipped | Failed | NotRun:
    """The job for ``source``, or its result if there is nothing to do.

    Args:
        source: The input.
        paths: Names its output.
        options: Size, pixel limit, whether outputs are recorded.
        model: Name of the network.
        load: Opens the file to read its header.

    Raises:
        UsageError: the output needs ``-o``.
        SrBatchError: ``load`` cannot start a decoder process.
    """
    name, goal = display_name(source.path), options.goal
    try:
        whole = bool(source.unread or (paths.template and paths.template.needs_size))
        kind, header = _inspect(source.path, options.max_pixels, whole, load)
        size = header.size if header else None
        with about(name):
            if size and goal.leaves(size):
                return Skipped(str(source.path), None, LARGE_ENOUGH)
            enlarged = goal.size_of(size) if size else None
        fields = template_fields(size, enlarged, goal, model)
        output = paths.output_of(source, kind, fields)
        _require_good_name(output.target, name)
        if header and enlarged:
            codec.require_holds(header, output.format, name)
            codec.require_fits(enlarged, output.format, name)
    except Stopped:
        return NotRun(str(source.path), None, "the run was stopped")
    except ImageError as error:
        if source.unread:
            return Skipped(str(source.path), None, NOT_READ + source.unread)
        return Failed(str(source.path), None, str(error), cause_of(error))
    return Job(
        source=source.path,
        target=output.target,
        root=output.root if options.record else PIPE,
        format=output.format,
        pixels=header.pixels if header else 0,
        bytes=_likely_bytes(header, goal, output.format) if header else 0,
        sizes=header.sizes if header else (),
    )


def template_fields(
    size: Size | None, enlarged: Size | None, goal: Goal, model: str
) -> dict[str, str]:
    """Values of the template fields for sizes and the network; empty if a size is not known."""
    factor = goal.fixed or (goal.factor(size) if size else None)
    return {
        "scale": f"{factor:.4g}" if factor else "",
        "model": model_name(model),
        "width": str(enlarged.width) if enlarged else "",
        "height": str(enlarged.height) if enlarged else "",
    }


def _likely_bytes(header: codec.Header, goal: Goal, kind: str) -> int:
    return sum(codec.likely_bytes(goal.size_of(size), kind) for size in header.sizes)


def model_name(model: str) -> str:
    """How outputs are named after the network or the file ``model``."""
    return PurePath(model).name.removesuffix(".onnx")


def _inspect(
    path: Path, max_pixels: int, whole: bool, load: Loader
) -> tuple[str, codec.Header | None]:
    """The format of ``path`` and its header, None if the header goes on beyond the head.

    With ``whole``, the whole file is read in that case.
    """
    if path == PIPE:
        return "keep", None
    name, head = display_name(path), read_head(path, _HEAD_BYTES)
    try:
        header = _header(head, name, max_pixels, load)
    except ImageTooLarge:
        raise
    except ImageError:
        kind = codec.sniff(head[:MAGIC_BYTES])
        if kind is None or len(head) < _HEAD_BYTES:
            raise
        if not whole:
            return kind, None
        header = _header(read_source(path, most_bytes(max_pixels)), name, max_pixels, load)
    return header.format, header


def _header(data: bytes, name: str, max_pixels: int, load: Loader) -> codec.Header:
    with load(data, name, max_pixels) as file:
        return file.header


def _require_good_name(target: Path, name: str) -> None:
    if sys.platform == "win32" and is_reserved(target.name):
        raise UnwritableOutput(
            f"{name}: Windows allows no file called {target.name}; choose another name with --name"
        )
    if len(os.fsencode(target.name)) > _LONGEST_NAME:
        raise UnwritableOutput(
            f"{name}: the name of its output would be longer than {_LONGEST_NAME} bytes;"
            " choose another with --name or -o"
        )
