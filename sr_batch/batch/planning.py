"""Decides, before any work, which input becomes which output, and checks that this is possible.

Of very many inputs, only the first ones are planned before the work. The others are planned while
it goes on, so that it begins soon and no list of all files is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from sr_batch.batch.collisions import Names, RunNames, settle_collisions
from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import Source, Told, find_sources
from sr_batch.batch.job import Job, Notify, log_warning
from sr_batch.batch.later_inputs import LaterInputs, list_names, require_inputs
from sr_batch.batch.loading import Loader, load_file
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.planner import Asked, Planner
from sr_batch.batch.rest import Rest, Settled
from sr_batch.batch.stored_names import StoredNames
from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed
from sr_batch.core.shard import Shard
from sr_batch.files.reading import PIPE

WINDOW = 10_000
"""So many inputs are planned before the work."""


@dataclass(frozen=True)
class Plan:
    """What a command line asks for.

    Attributes:
        jobs: The work, in order.
        settled: Results that are known without work: outputs of earlier runs among the inputs,
            files that are refused.
        ledgers: Of output folders, as far as they are open already.
        rest: Of very many inputs, those that are planned during the work.
    """

    jobs: tuple[Job, ...]
    settled: tuple[Settled, ...]
    ledgers: Mapping[Path, Ledger] = field(default_factory=dict)
    rest: Rest | None = None


def plan_jobs(
    inputs: Sequence[str],
    output: str | None,
    options: UpscaleOptions,
    model: str,
    notify: Notify = log_warning,
    load: Loader = load_file,
    claim: bool = False,
    told: Told = lambda path: None,
    shard: Shard | None = None,
    window: int = WINDOW,
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
        shard: Takes part of the inputs; None takes all.
        window: So many inputs are planned now, all if there are not more.

    Raises:
        UsageError: an input does not exist, or ``output`` cannot be used.
        OutputCollision: two inputs would write one output, or an output would replace an input.
        SrBatchError: ``load`` cannot start a decoder process.
    """
    number = options.on_collision == "number"
    if shard and number:
        raise UsageError(
            "--shard and --on-collision number cannot be combined, as no shard knows the numbers"
            " of the others: keep outputs apart with --name, for example"
            " '{reldir}/{stem}_{input_ext}{ext}'"
        )
    if shard and str(PIPE) in inputs:
        raise UsageError("--shard divides files, not standard input: leave one of them out")
    asked = Asked(output, options, model, notify, load)
    found = LaterInputs(inputs, _choice(options, shard), told)
    first = list(islice(found, window + 1))
    if number:
        first.extend(found)  # a number must not take a name that comes later
    if number or (len(first) <= window and not shard):
        return _whole_plan(first, asked, claim)
    if len(first) > window:
        require_inputs(found)
    return _first_plan(first, found, asked, claim)


def plan_sources(
    found: Sequence[Source | Failed],
    output: str | None,
    options: UpscaleOptions,
    model: str,
    notify: Notify = log_warning,
    load: Loader = load_file,
    claim: bool = False,
) -> Plan:
    """As :func:`plan_jobs`, for files that were found already; all of them are planned."""
    return _whole_plan(found, Asked(output, options, model, notify, load), claim)


def _whole_plan(found: Sequence[Source | Failed], asked: Asked, claim: bool) -> Plan:
    planner = Planner(asked, found)
    real = planner.paths.real
    jobs, settled = _planned(planner, found)
    number = asked.options.on_collision == "number"
    names = RunNames(Names(real), Names(real))
    jobs = settle_collisions(jobs, _refused(settled), names, number)
    if claim and not planner.defaults.claim({job.root for job in jobs}):
        return _whole_plan(found, asked, claim)
    return Plan(jobs, settled, planner.defaults.ledgers)


def _first_plan(
    first: Sequence[Source | Failed], found: LaterInputs, asked: Asked, claim: bool
) -> Plan:
    """A plan of the inputs ``first``, with those that are still to be ``found`` as its rest.

    Where outputs could replace inputs, the names of all inputs are listed before the work.
    """
    planner = Planner(asked, first, several=True)
    real = planner.paths.real
    jobs, settled = _planned(planner, first)
    names, earlier = RunNames(Names(real), StoredNames(real)), None
    if not planner.keeps_apart(found.inputs):
        names, earlier = RunNames(StoredNames(real), StoredNames(real)), StoredNames(real)
        list_names(found, planner, names.inputs, earlier)
    jobs = settle_collisions(jobs, _refused(settled), names, number=False)
    if claim and not planner.defaults.claim(planner.default_folders(found.inputs)):
        return _first_plan(first, found, asked, claim)
    later = found.entries(planner, names, earlier)
    rest = Rest(later, len(first), partial(find_sources, found.inputs, found.choice))
    return Plan(jobs, settled, planner.defaults.ledgers, rest)


def _planned(
    planner: Planner, found: Sequence[Source | Failed]
) -> tuple[tuple[Job, ...], tuple[Settled, ...]]:
    """The jobs and the results of ``found``; an input that is named twice is one job."""
    real = planner.paths.real
    jobs: dict[tuple[Path, Path], Job] = {}
    settled: list[Settled] = []
    for entry in planner.entries(found):
        if isinstance(entry, Job):
            jobs.setdefault((real[entry.source], real[entry.target]), entry)
        else:
            settled.append(entry)
    return tuple(jobs.values()), tuple(settled)


def _refused(settled: Sequence[Settled]) -> list[Path]:
    return [Path(result.input) for result in settled if isinstance(result, Failed)]


def _choice(options: UpscaleOptions, shard: Shard | None) -> Choice:
    return Choice(options.recursive, options.include, options.exclude, options.ignore, shard)
