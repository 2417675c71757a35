"""The inputs that are planned while the run works."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sr_batch.batch.collisions import Names, RunNames
from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import Source, Told, find_sources, sources_of
from sr_batch.batch.job import Job
from sr_batch.batch.planner import Planner
from sr_batch.batch.rest import Entry
from sr_batch.core.errors import UsageError
from sr_batch.core.results import Failed, one_line
from sr_batch.files.reading import PIPE

# So many are looked up together in the ledgers of their folders.
_CHUNK = 200


class LaterInputs(Iterator[Source | Failed]):
    """Finds the inputs of a run, the first of them before the work.

    Args:
        inputs: Files, folders and patterns.
        choice: Which files are taken.
        told: About files that are passed over.
    """

    def __init__(self, inputs: Sequence[str], choice: Choice, told: Told) -> None:
        self.inputs = inputs
        self.choice = choice
        self._told = told
        self._works = False
        self._found = self._find()

    def __next__(self) -> Source | Failed:
        return next(self._found)

    def _find(self) -> Iterator[Source | Failed]:
        for text in self.inputs:
            try:
                yield from sources_of(text, self.choice, self._told)
            except UsageError as error:  # removed since the work began
                if not self._works:
                    raise
                yield Failed(text, None, str(error))

    def entries(self, planner: Planner, names: RunNames, earlier: Names | None) -> Iterator[Entry]:
        """Plan the inputs that have not been taken yet, each when it is asked for.

        Args:
            planner: Plans them.
            names: Those of the run so far.
            earlier: Outputs of earlier runs among the inputs, if outputs can be among them. A file
                that is neither in ``names`` nor here is then left out: it has come since the run
                began, and may be an output of this run.

        Raises:
            SrBatchError: no more can be planned.
        """
        self._works = True
        while chunk := list(islice(self, _CHUNK)):
            if earlier:
                listed = (names.inputs, earlier)
                chunk = [each for each in chunk if any(n.find(_path(each)) for n in listed)]
            for entry in planner.entries(chunk):
                if checked := _checked(entry, names) if isinstance(entry, Job) else entry:
                    yield checked


def list_names(found: LaterInputs, planner: Planner, inputs: Names, earlier: Names) -> None:
    """List the names of all inputs, also those of other shards.

    Args:
        found: What they are.
        planner: Tells outputs of earlier runs.
        inputs: Gets the inputs.
        earlier: Gets the outputs of earlier runs that are among them.
    """
    everything = find_sources(found.inputs, replace(found.choice, shard=None))
    while chunk := list(islice(everything, _CHUNK)):
        outputs = planner.earlier_outputs(chunk)
        for each in chunk:
            is_output = isinstance(each, Source) and planner.is_output(each, outputs)
            (earlier if is_output else inputs).add(_path(each), _path(each))


def require_inputs(found: LaterInputs) -> None:
    """Refuse, before the work, inputs that would be refused when their turn comes.

    Raises:
        UsageError: an input does not exist, or a pattern matches no image.
    """
    if str(PIPE) in found.inputs:
        raise UsageError("- (standard input) must be the only input")
    for text in found.inputs:
        next(sources_of(text, replace(found.choice, shard=None)), None)


def _path(found: Source | Failed) -> Path:
    return found.path if isinstance(found, Source) else Path(found.input)


def _checked(job: Job, names: RunNames) -> Job | Failed | None:
    """``job`` if its output has its own name; None for an input that was named before."""
    real, other = names.outputs.real, names.outputs.find(job.target)
    if other and real[other] == real[job.source]:
        return None
    if message := names.collision(job):
        return Failed(str(job.source), None, one_line(message))
    names.outputs.add(job.target, job.source)
    return job
