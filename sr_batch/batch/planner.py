"""Turns the inputs of a run into jobs, as many at a time as the caller likes."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sr_batch.batch.default_folder import DefaultFolders
from sr_batch.batch.inputs import Source, folder_of
from sr_batch.batch.job import Notify
from sr_batch.batch.loading import Loader
from sr_batch.batch.name_template import Template
from sr_batch.batch.other_network import way_to
from sr_batch.batch.output_paths import OutputPaths, read_destination
from sr_batch.batch.plan_source import model_name, plan_source
from sr_batch.batch.recorded_outputs import RecordedOutputs
from sr_batch.batch.rest import Entry
from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, Skipped
from sr_batch.files.reading import PIPE, is_folder

# The default network of the versions that entered no owner in a state file.
_FORMER_MODEL = "edsr"
_MADE_HERE = "made by sr-batch itself: to enlarge again, copy to another folder"


@dataclass(frozen=True)
class Asked:
    """What a command line asks for, except for its inputs.

    Attributes:
        output: The ``-o``.
        options: Size, format, names, pixel limit.
        model: Name of the network, for the names of outputs beside their inputs.
        notify: Told about problems that do not stop the run.
        load: Opens files to read their headers.
    """

    output: str | None
    options: UpscaleOptions
    model: str
    notify: Notify
    load: Loader


class Planner:
    """Plans the inputs of one run.

    Args:
        asked: What to do.
        found: The inputs, or the first of them.
        several: Whether there may be other inputs, so that ``-o`` cannot be a file.

    Attributes:
        paths: Names the outputs.
        defaults: Chooses the output folders if there is no ``-o``.

    Raises:
        UsageError: the inputs, ``-o``, ``--format`` and ``--name`` do not go together.
    """

    def __init__(
        self, asked: Asked, found: Sequence[Source | Failed], several: bool = False
    ) -> None:
        options, model = asked.options, asked.model
        template = Template(options.name) if options.name else None
        taken = [each for each in found if isinstance(each, Failed) or not each.unread]
        destination = read_destination(asked.output, taken, options.format, several)
        if template and destination.file:
            raise UsageError("-o with a file and --name cannot be combined: leave one of them out")
        tag = tag_of(options.goal.tag, model)
        owner, former = (_owner(options.goal.tag, m, template) for m in (model, _FORMER_MODEL))
        self.defaults = DefaultFolders(
            tag, owner, former, asked.notify, partial(way_to, options=options)
        )
        self.paths = OutputPaths(destination, self.defaults, tag, template)
        self._asked = asked
        self._recorded = RecordedOutputs(asked.notify)

    def entries(self, found: Sequence[Source | Failed]) -> Iterator[Entry]:
        """A job or a result for each of ``found``, in their order.

        Raises:
            UsageError: an output needs ``-o``.
            SrBatchError: the decoder process cannot be started.
        """
        asked, outputs = self._asked, self.earlier_outputs(found)
        for each in found:
            if isinstance(each, Failed):
                yield each
            else:
                yield self._skipped(each, outputs) or plan_source(
                    each, self.paths, asked.options, asked.model, asked.load
                )

    def earlier_outputs(self, found: Iterable[Source | Failed]) -> set[Path]:
        """The real paths of those of ``found`` that are outputs of earlier runs."""
        if not self._asked.options.record:
            return set()
        sources = [each.path for each in found if isinstance(each, Source) and each.path != PIPE]
        return self._recorded.among([self.paths.real[path] for path in sources])

    def keeps_apart(self, inputs: Sequence[str]) -> bool:
        """Whether the outputs are in other folders than the inputs, and no other file may be lost.

        Not with ``--existing overwrite``: an input may be a link to a file among the outputs.
        """
        folders = {folder_of(text) for text in inputs}
        if self._asked.options.existing == "overwrite":
            return False
        if top := self.paths.destination.folder:
            tops = {top}
        elif all(is_folder(Path(text)) for text in inputs):
            tops = {self.defaults.folder_for(Path(text)) for text in inputs}
        else:
            return False
        real = self.paths.real
        return not any(_overlap(real[top], real[folder]) for top in tops for folder in folders)

    def default_folders(self, inputs: Sequence[str]) -> set[Path]:
        """The output folders of all folders among ``inputs``, if there is no ``-o``."""
        if self.paths.destination.folder:
            return set()
        folders = (Path(text) for text in inputs if is_folder(Path(text)))
        return {self.defaults.folder_for(folder) for folder in folders}

    def is_output(self, source: Source, outputs: Collection[Path]) -> bool:
        """Whether ``source`` is no input: one of the ``outputs`` of earlier runs, or among them."""
        return self._skipped(source, outputs) is not None

    def _skipped(self, source: Source, outputs: Collection[Path]) -> Skipped | None:
        if source.path != PIPE and self.paths.real[source.path] in outputs:
            reason = _MADE_HERE
        elif self.paths.contain(source):
            reason = "in the output folder"
        else:
            return None
        return Skipped(str(source.path), None, reason)


def _overlap(one: Path, two: Path) -> bool:
    return one.is_relative_to(two) or two.is_relative_to(one)


def tag_of(goal: str, model: str) -> str:
    """What tells an output from its input, if both are in one folder."""
    return f"_{goal}_{model_name(model)}"


def _owner(goal: str, model: str, template: Template | None) -> str:
    """The tag without the parts that the names of the outputs state already."""
    fields = template.fields if template else frozenset()
    size = "" if fields & {"scale", "width", "height"} else f"_{goal}"
    return size + ("" if "model" in fields else f"_{model_name(model)}")
