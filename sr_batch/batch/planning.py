"""Decides, before any work, which input becomes which output, and checks that this is possible."""

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from sr_batch import codec
from sr_batch.batch.collisions import settle_collisions
from sr_batch.batch.default_folder import DefaultFolders
from sr_batch.batch.inputs import MAGIC_BYTES, Choice, Source, Told, find_sources
from sr_batch.batch.job import LARGE_ENOUGH, NOT_READ, Job, Notify, log_warning
from sr_batch.batch.loading import Loader, load_file
from sr_batch.batch.name_template import Template, is_reserved
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.output_paths import OutputPaths, read_destination
from sr_batch.core.errors import (
    ImageError,
    ImageTooLarge,
    Stopped,
    UnwritableOutput,
    UsageError,
    about,
)
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, NotRun, Skipped, cause_of
from sr_batch.core.target_size import Goal
from sr_batch.files.reading import PIPE, display_name, most_bytes, read_head, read_source

# Enough for the header of nearly every file; if it is not, the job itself reads the header.
_HEAD_BYTES = 1 << 16
_LONGEST_NAME = 255
# The default network of the versions that entered no owner in a state file.
_FORMER_MODEL = "edsr"


@dataclass(frozen=True)
class Plan:
    """What a command line asks for.

    Attributes:
        jobs: The work, in order.
        settled: Results that are known without work: outputs of earlier runs among the inputs,
            files that are refused.
        ledgers: Of output folders, as far as they are open already.
    """

    jobs: tuple[Job, ...]
    settled: tuple[Skipped | Failed | NotRun, ...]
    ledgers: Mapping[Path, Ledger] = field(default_factory=dict)


def plan_jobs(
    inputs: Sequence[str],
    output: str | None,
    options: UpscaleOptions,
    model: str,
    notify: Notify = log_warning,
    load: Loader = load_file,
    claim: bool = False,
    told: Told = lambda path: None,
) -> Plan:
    """Decide what to do with ``inputs``. Reads at most the head of each file, decodes nothing.

    Args:
        inputs: Files, folders, patterns, or ``-``.
        output: The ``-o`` of the command line.
        options: Scale, format, pixel limit, recursion.
        model: Name of the network, for the names of outputs beside their inputs.
        notify: Told about problems that do not stop the run.
        load: Opens files to read their headers.
        claim: Whether to enter in the state file of ``FOLDER_sr``, if outputs go there, that it
            belongs to this size and network. Otherwise nothing is written.
        told: About files and folders that other programs left behind, which are passed over.

    Raises:
        UsageError: an input does not exist, or ``output`` cannot be used.
        OutputCollision: two inputs would write one output, or an output would replace an input.
        SrBatchError: ``load`` cannot start a decoder process.
    """
    found = list(find_sources(inputs, _choice(options), told))
    return plan_sources(found, output, options, model, notify, load, claim)


def plan_sources(
    found: Sequence[Source | Failed],
    output: str | None,
    options: UpscaleOptions,
    model: str,
    notify: Notify = log_warning,
    load: Loader = load_file,
    claim: bool = False,
) -> Plan:
    """As :func:`plan_jobs`, for files that were found already."""
    template = Template(options.name) if options.name else None
    taken = [each for each in found if isinstance(each, Failed) or not each.unread]
    destination = read_destination(output, taken, options.format)
    if template and destination.file:
        raise UsageError("-o with a file and --name cannot be combined: leave one of them out")
    tag = tag_of(options.goal.tag, model)
    owner, former = (_owner(options.goal.tag, m, template) for m in (model, _FORMER_MODEL))
    defaults = DefaultFolders(tag, owner, former, notify)
    paths = OutputPaths(destination, defaults, tag, template)
    settled: list[Skipped | Failed | NotRun] = [each for each in found if isinstance(each, Failed)]
    sources = [each for each in found if isinstance(each, Source)]
    recorded = _recorded_outputs(sources, paths, notify) if options.record else set()
    jobs: dict[tuple[Path, Path], Job] = {}  # an input that is named twice is one job
    for source in sources:
        planned = _skipped(source, paths, recorded) or _planned(source, paths, options, model, load)
        if isinstance(planned, Job):
            jobs.setdefault((paths.real[planned.source], paths.real[planned.target]), planned)
        else:
            settled.append(planned)
    refused = [Path(result.input) for result in settled if isinstance(result, Failed)]
    number = options.on_collision == "number"
    settled_jobs = settle_collisions(jobs.values(), refused, paths.real, number)
    if claim and not defaults.claim({job.root for job in settled_jobs}):
        return plan_sources(found, output, options, model, notify, load, claim)
    return Plan(settled_jobs, tuple(settled), defaults.ledgers)


def tag_of(goal: str, model: str) -> str:
    """What tells an output from its input, if both are in one folder."""
    return f"_{goal}_{_model_name(model)}"


def _owner(goal: str, model: str, template: Template | None) -> str:
    """The tag without the parts that the names of the outputs state already."""
    fields = template.fields if template else frozenset()
    size = "" if fields & {"scale", "width", "height"} else f"_{goal}"
    return size + ("" if "model" in fields else f"_{_model_name(model)}")


def _model_name(model: str) -> str:
    return PurePath(model).name.removesuffix(".onnx")


def _choice(options: UpscaleOptions) -> Choice:
    return Choice(options.recursive, options.include, options.exclude, options.ignore)


def _recorded_outputs(sources: Iterable[Source], paths: OutputPaths, notify: Notify) -> set[Path]:
    """All outputs in the ledgers of the folders of ``sources`` and of the folders above them."""
    folders = {paths.real[source.path].parent for source in sources}
    roots = {root for folder in folders for root in (folder, *folder.parents)}
    return {path for root in sorted(roots) for path in Ledger(root, notify).paths()}


def _skipped(source: Source, paths: OutputPaths, recorded: Collection[Path]) -> Skipped | None:
    if source.path != PIPE and paths.real[source.path] in recorded:
        reason = "an output of an earlier run (copy it to another folder to enlarge it again)"
    elif paths.contain(source):
        reason = "in the output folder"
    else:
        return None
    return Skipped(str(source.path), None, reason)


def _planned(
    source: Source, paths: OutputPaths, options: UpscaleOptions, model: str, load: Loader
) -> Job | Skipped | Failed | NotRun:
    name = display_name(source.path)
    try:
        whole = bool(source.unread or (paths.template and paths.template.needs_size))
        kind, header = _inspect(source.path, options.max_pixels, whole, load)
        size = header.size if header else None
        with about(name):
            if size and options.goal.leaves(size):
                return Skipped(str(source.path), None, LARGE_ENOUGH)
            enlarged = options.goal.size_of(size) if size else None
        fields = template_fields(size, enlarged, options.goal, model)
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
        bytes=_likely_bytes(header, options.goal, output.format) if header else 0,
        sizes=header.sizes if header else (),
    )


def template_fields(
    size: Size | None, enlarged: Size | None, goal: Goal, model: str
) -> dict[str, str]:
    """Values of the template fields for sizes and the network; empty if a size is not known."""
    factor = goal.fixed or (goal.factor(size) if size else None)
    return {
        "scale": f"{factor:.4g}" if factor else "",
        "model": _model_name(model),
        "width": str(enlarged.width) if enlarged else "",
        "height": str(enlarged.height) if enlarged else "",
    }


def _likely_bytes(header: codec.Header, goal: Goal, kind: str) -> int:
    return sum(codec.likely_bytes(goal.size_of(size), kind) for size in header.sizes)


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
