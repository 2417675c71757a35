"""Which input becomes which output, all of it decided and checked before any work."""

import logging
import os
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from sr_batch import codec
from sr_batch.batch.inputs import MAGIC_BYTES, Choice, Source, find_sources
from sr_batch.batch.name_template import Template, is_reserved
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.output_paths import Layout, RealPaths, read_output
from sr_batch.core.errors import (
    ImageError,
    ImageTooLarge,
    OutputCollision,
    UnwritableOutput,
    UsageError,
    about,
)
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, Skipped, cause_of
from sr_batch.core.target_size import Goal
from sr_batch.files.reading import PIPE, display_name, most_bytes, read_head, read_source

Notify = Callable[[str], None]
log_warning: Notify = logging.getLogger("sr_batch").warning

# Enough for the header of nearly every file; where it is not, the job itself looks again.
_HEAD_BYTES = 1 << 16
_LONGEST_NAME = 255
LARGE_ENOUGH = "as large already as asked for"


@dataclass(frozen=True)
class Job:
    """One image to make.

    Attributes:
        source: The input; ``PIPE`` for standard input.
        target: The output; ``PIPE`` for standard output.
        root: The output folder whose ledger keeps ``target``; ``PIPE`` if nothing is kept.
        format: Container to write; ``keep`` only for standard input, whose kind is not known yet.
        pixels: Of the input, 0 if not known yet.
        bytes: That the output is likely to have, 0 if its size is not known yet.
    """

    source: Path
    target: Path
    root: Path
    format: str
    pixels: int
    bytes: int = 0


@dataclass(frozen=True)
class Plan:
    """What a command line comes to.

    Attributes:
        jobs: What is to be done, in order.
        settled: What is known without work: our own outputs among the inputs, files refused.
    """

    jobs: tuple[Job, ...]
    settled: tuple[Skipped | Failed, ...]


def plan_jobs(
    inputs: Sequence[str],
    output: str | None,
    options: UpscaleOptions,
    model: str,
    notify: Notify = log_warning,
) -> Plan:
    """Decide what becomes of ``inputs``. Reads at most the head of each file, decodes nothing.

    Args:
        inputs: Files, folders, patterns, or ``-``.
        output: The ``-o`` of the command line.
        options: Scale, format, pixel limit, recursion.
        model: Name of the network, for the names of outputs beside their inputs.
        notify: Told, in one line, what does not stop the run: a broken state file.

    Raises:
        UsageError: an input does not exist, or ``output`` cannot be carried out.
        OutputCollision: two inputs would write one output, or an output would replace an input.
    """
    found = list(find_sources(inputs, _choice(options)))
    return plan_sources(found, output, options, model, notify)


def plan_sources(
    found: Sequence[Source | Failed],
    output: str | None,
    options: UpscaleOptions,
    model: str,
    notify: Notify = log_warning,
) -> Plan:
    """As :func:`plan_jobs`, for what was found already."""
    sources = [entry for entry in found if isinstance(entry, Source)]
    template = Template(options.name) if options.name else None
    wanted = read_output(output, found, options.format)
    if template and wanted.file:
        raise UsageError("-o of a file and --name contradict each other: leave one out")
    layout = Layout(wanted, _tag(options.goal.tag, model), template)
    real = layout.real
    folders = {real[source.path].parent for source in sources} if options.record else ()
    ours = _recorded_outputs(folders, notify)
    settled: list[Skipped | Failed] = [entry for entry in found if isinstance(entry, Failed)]
    jobs: dict[tuple[Path, Path], Job] = {}  # an input named twice is one job
    for source in sources:
        entry = _skipped(source, layout, ours) or _planned(source, layout, options, model)
        if isinstance(entry, Job):
            jobs.setdefault((real[entry.source], real[entry.target]), entry)
        else:
            settled.append(entry)
    _refuse_collisions(jobs.values(), settled, real)
    return Plan(tuple(jobs.values()), tuple(settled))


def _tag(goal: str, model: str) -> str:
    return f"_{goal}_{_plain(model)}"


def _plain(model: str) -> str:
    return PurePath(model).name.removesuffix(".onnx")


def _choice(options: UpscaleOptions) -> Choice:
    return Choice(options.recursive, options.include, options.exclude)


def _recorded_outputs(folders: Iterable[Path], notify: Notify) -> set[Path]:
    """What the ledgers in ``folders`` and above them call an output of ours."""
    places = {place for folder in folders for place in (folder, *folder.parents)}
    return {path for place in sorted(places) for path in Ledger(place, notify).paths()}


def _skipped(source: Source, layout: Layout, ours: Collection[Path]) -> Skipped | None:
    if source.path != PIPE and layout.real[source.path] in ours:
        reason = "an output of an earlier run; a copy of it elsewhere would be enlarged"
    elif layout.holds(source):
        reason = "in the output folder"
    else:
        return None
    return Skipped(str(source.path), None, reason)


def _planned(
    source: Source, layout: Layout, options: UpscaleOptions, model: str
) -> Job | Skipped | Failed:
    name = display_name(source.path)
    try:
        whole = bool(layout.template and layout.template.needs_size)
        container, header = _inspect(source.path, options.max_pixels, whole)
        size = header.size if header else None
        with about(name):
            if size and options.goal.leaves(size):
                return Skipped(str(source.path), None, LARGE_ENOUGH)
            enlarged = options.goal.size_of(size) if size else None
        place = layout.place(source, container, _words(size, enlarged, options.goal, model))
        _require_good_name(place.target, name)
        if header and enlarged:
            codec.require_holds(header, place.format, name)
            codec.require_fits(enlarged, place.format, name)
    except ImageError as error:
        return Failed(str(source.path), None, str(error), cause_of(error))
    return Job(
        source=source.path,
        target=place.target,
        root=place.root if options.record else PIPE,
        format=place.format,
        pixels=header.pixels if header else 0,
        bytes=_likely_bytes(header, options.goal, place.format) if header else 0,
    )


def _words(size: Size | None, enlarged: Size | None, goal: Goal, model: str) -> dict[str, str]:
    """What a template's fields stand for; a size that is not known is an empty word."""
    factor = goal.fixed or (goal.factor(size) if size else None)
    return {
        "scale": f"{factor:.4g}" if factor else "",
        "model": _plain(model),
        "width": str(enlarged.width) if enlarged else "",
        "height": str(enlarged.height) if enlarged else "",
    }


def _likely_bytes(header: codec.Header, goal: Goal, kind: str) -> int:
    return sum(codec.likely_bytes(goal.size_of(size), kind) for size in header.sizes)


def _inspect(path: Path, max_pixels: int, whole: bool) -> tuple[str, codec.Header | None]:
    """The container of ``path`` and its header, None if its first bytes do not tell.

    If ``whole`` says so, all of its bytes are asked then.
    """
    if path == PIPE:
        return "keep", None
    name, head = display_name(path), read_head(path, _HEAD_BYTES)
    try:
        header = codec.read_header(head, name, max_pixels)
    except ImageTooLarge:
        raise
    except ImageError:
        container = codec.sniff(head[:MAGIC_BYTES])
        if container is None or len(head) < _HEAD_BYTES:
            raise
        if not whole:
            return container, None
        header = codec.read_header(read_source(path, most_bytes(max_pixels)), name, max_pixels)
    return header.format, header


def _require_good_name(target: Path, name: str) -> None:
    if sys.platform == "win32" and is_reserved(target.name):
        raise UnwritableOutput(
            f"{name}: Windows takes no file called {target.name}; choose another with --name"
        )
    if len(os.fsencode(target.name)) > _LONGEST_NAME:
        raise UnwritableOutput(
            f"{name}: the name of its output would be longer than {_LONGEST_NAME} bytes;"
            " choose another with --name or -o"
        )


def _refuse_collisions(
    jobs: Iterable[Job], settled: Iterable[Skipped | Failed], real: RealPaths
) -> None:
    inputs = [job.source for job in jobs]
    inputs += [Path(result.input) for result in settled if isinstance(result, Failed)]
    read = {_same_name(real[path]): path for path in inputs}
    written: dict[str, Job] = {}
    for job in jobs:
        if job.target == PIPE:
            continue
        key = _same_name(real[job.target])
        if key in read:
            raise OutputCollision(
                f"{display_name(read[key])} is an input and never overwritten, but the output of"
                f" {display_name(job.source)} would be {display_name(job.target)}:"
                " choose another -o"
            )
        if (other := written.setdefault(key, job)) is not job:
            raise OutputCollision(
                f"{display_name(other.source)} and {display_name(job.source)} would both be"
                f" written to {display_name(job.target)}: rename one, or run them apart, each"
                " with its own -o"
            )


def _same_name(path: Path) -> str:
    """Equal for paths that some file system takes for one: case and Unicode form do not count."""
    folded = unicodedata.normalize("NFC", str(path)).casefold()
    return unicodedata.normalize("NFC", folded)
