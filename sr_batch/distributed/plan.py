"""What a run over stores is to do: where its inputs are, and where its outputs go."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from sr_batch import codec
from sr_batch.batch.name_template import Template
from sr_batch.batch.output_paths import format_of_output
from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import one_line
from sr_batch.core.shard import Shard
from sr_batch.distributed.roots import Root, find_roots, inside
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.distributed.stream_estimate import StreamEstimate
from sr_batch.files.reading import PIPE, is_folder
from sr_batch.stores.location import Place, place_of
from sr_batch.stores.probe import probe_output

ALL = Shard(0, 1)


@dataclass(frozen=True)
class Request:
    """What a command line asks for.

    Attributes:
        inputs: URLs and paths.
        output: ``-o``.
        options: Of the batch.
        endpoint: ``--endpoint-url``.
        shard: ``--shard``; `ALL` without it.
        dry: ``--dry-run``.
    """

    inputs: Sequence[str]
    output: str | None
    options: UpscaleOptions
    endpoint: str = ""
    shard: Shard = ALL
    dry: bool = False


@dataclass
class Found:
    """The inputs that were listed so far.

    Attributes:
        planned: How many.
        has_ended: Whether no more are to be listed.
        estimate: Counts all inputs before they are planned; None if nobody does.
    """

    planned: int = 0
    has_ended: bool = False
    estimate: StreamEstimate | None = None
    roots: frozenset[str] = frozenset()

    @property
    def left(self) -> int:
        """How many inputs are still to be planned, as far as they have been counted."""
        counted = self.estimate.counted if self.estimate and not self.has_ended else 0
        return max(0, counted - self.planned)

    @property
    def is_counted(self) -> bool:
        """Whether no input remains that ``planned`` and ``left`` do not count."""
        return self.has_ended or bool(self.estimate and self.estimate.is_whole)


@dataclass(frozen=True)
class KeyedPlan:
    """A run that can begin: the places of its inputs are known, the inputs are not.

    Attributes:
        request: What was asked for.
        roots: Where the inputs are.
        spec: For the workers.
        found: Counts the inputs during the run.
    """

    request: Request
    roots: tuple[Root, ...]
    spec: WorkerSpec
    found: Found = field(default_factory=Found)

    @property
    def place(self) -> str:
        """The output, or where the outputs go."""
        return self.spec.target.below(self.spec.file) if self.spec.file else self.spec.target.url

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not as it is on disks, for the user."""
        lost = self.spec.target.is_remote and not all(r.place.is_remote for r in self.roots)
        return ("a bucket keeps no permissions of files",) if lost else ()


def plan_run(request: Request) -> KeyedPlan:
    """Find out where inputs are and outputs go, and that this is possible.

    Raises:
        UsageError: an input does not exist, or ``-o`` cannot be used.
        Unreachable: a server does not answer.
    """
    options = request.options
    codec.require_encoder(options.format)
    roots = find_roots(request.inputs, request.endpoint)
    target, file = _target(request, roots)
    if file:
        codec.require_encoder(format_of_output(file, options.format))
        if options.name:
            raise UsageError("-o with a file and --name cannot be combined: leave one of them out")
    if options.name:
        Template(options.name)
    for root in roots:
        _require_apart(root, target)
    named = frozenset(root.name for root in roots if root.named)
    if file and target.below(file) in named:
        raise UsageError(f"{one_line(target.below(file))} is an input and is never overwritten")
    if not request.dry:
        probe_output(target)
    run = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid4().hex[:8]}"
    places = tuple(root.place for root in roots)
    spec = WorkerSpec(places, target, options, run, file, request.dry, named)
    return KeyedPlan(request, roots, spec)


def _target(request: Request, roots: Sequence[Root]) -> tuple[Place, str]:
    """Where outputs go, and the key of the only one if ``-o`` names a file."""
    output = request.output
    if output is None:
        raise UsageError("give the place of the outputs with -o, such as -o s3://BUCKET/PREFIX")
    if not output or output == str(PIPE):
        raise UsageError(f"-o '{output}': with URLs or --engine, give a folder or a URL with -o")
    place = place_of(output, request.endpoint)
    one_file = len(roots) == 1 and bool(roots[0].named)
    names_folder = output.endswith("/") or (not place.is_remote and is_folder(place.folder))
    last = place.prefix.rpartition("/")[2] if place.is_remote else place.folder.name
    if names_folder or "." not in last.strip("."):
        return place, ""
    if one_file:
        above = place.split()[0] if place.is_remote else Place(str(place.folder.parent))
        return above, last
    if codec.format_of_suffix(Path(last)):
        raise UsageError(
            f"-o {one_line(output)} names a file, and these inputs need a folder: choose another,"
            f" or write {one_line(output)}/ for a folder of that name"
        )
    return place, ""


def _require_apart(root: Root, target: Place) -> None:
    """Refuse outputs that the next run would take for inputs, or that could replace inputs."""
    if root.named:
        return
    shown, place = one_line(target.url), one_line(root.place.url)
    if inside(target, root.place) == "":
        raise UsageError(f"-o {shown} is the input, too: choose another place, or one below it")
    if inside(root.place, target):
        raise UsageError(
            f"-o {shown} contains the input {place}: choose a place beside or below it"
        )
