"""One job while a worker carries it out."""

from dataclasses import dataclass, field
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.planner import tag_of
from sr_batch.core.errors import UnwritableOutput
from sr_batch.core.results import one_line
from sr_batch.distributed.job import NOTHING, KeyedJob, Seen
from sr_batch.distributed.names import OutputNames
from sr_batch.distributed.records import Made, source_name
from sr_batch.distributed.spec import WorkerSpec
from sr_batch.stores.location import Place
from sr_batch.stores.store import Head, Item, Store

_LONGEST_KEY = 1024  # bytes, of S3, GCS and Azure


@dataclass
class Task:
    """A job, and what is known of it so far.

    Attributes:
        job: The job.
        spec: Of the worker.
        source: The store of the input.
        target: The store of the outputs.
        model: Name of the network, for the names of outputs.
        item: The input, as it was listed, or as it was found later.
        key: Of the output; empty while it is not known.
        is_read: Whether the header of the input was read.
    """

    job: KeyedJob
    spec: WorkerSpec
    source: Store
    target: Store
    model: str
    item: Item = field(init=False)
    key: str = field(init=False, default="")
    is_read: bool = field(init=False, default=False)
    _heads: dict[str, Head | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.item = self.job.source
        if expected := self.expected:
            self.key = expected

    @property
    def place(self) -> Place:
        """Where the input is."""
        return self.spec.sources[self.job.place]

    @property
    def input(self) -> str:
        """The input, for results."""
        return self.place.below(self.job.source.key)

    @property
    def name(self) -> str:
        """The input, for messages."""
        return one_line(self.input)

    @property
    def output(self) -> str | None:
        """The output, for results; None while it is not known."""
        return self.spec.target.below(self.key) if self.key else None

    @property
    def ends(self) -> tuple[str, str]:
        """Input and output, for results, once the output is known."""
        return self.input, self.output or ""

    @property
    def names(self) -> OutputNames:
        """Makes the key of the output. An output beside its input gets a tag."""
        beside = self.place == self.spec.target and not self.spec.file
        tag = tag_of(self.spec.options.goal.tag, self.model) if beside else ""
        return OutputNames.of_options(self.spec.options, self.spec.file, tag)

    @property
    def expected(self) -> str | None:
        """The key of the output, as the name of the input suggests it; None if it does not."""
        return self.names.expected(self.job.source.key, self.job.number)

    @property
    def kind(self) -> str:
        """The format that the name of the output suggests; empty if it suggests none."""
        return codec.format_of_suffix(Path(self.key)) or ""

    @property
    def seen(self) -> Seen:
        """What listing and manifests have of the key of the output."""
        return self.job.known if self.key == self.expected else NOTHING

    def head(self) -> Head | None:
        """What is at the key of the output; asks once, and not if the listing has nothing."""
        if self.key not in self._heads:
            absent = self.job.listed and self.key == self.expected and not self.job.known.item
            self._heads[self.key] = None if absent else self.target.head(self.key)
        return self._heads[self.key]

    def made(self, content: str, recipe: str) -> Made:
        """What the output is made from, once that is known."""
        run = self.spec.run
        return Made(source_name(self.input), self.item.version, content, recipe, run)

    def is_source_of(self, made: Made) -> bool:
        """Whether ``made`` states the input, as it was listed."""
        return (made.source, made.version) == (source_name(self.input), self.item.version)

    def require_good_key(self) -> None:
        """Check that the output may have its key.

        Raises:
            UnwritableOutput: it is too long, or that of an input.
        """
        if self.output in self.spec.named:
            raise UnwritableOutput(
                f"{one_line(self.output or '')} is an input and is never overwritten, but the"
                f" output of {self.name} would have this name: choose another -o"
            )
        place = self.spec.target
        whole = f"{place.prefix}/{self.key}" if place.is_remote and place.prefix else self.key
        if len(whole.encode("utf-8", "surrogatepass")) > _LONGEST_KEY:
            raise UnwritableOutput(
                f"{self.name}: the name of its output would be longer than {_LONGEST_KEY} bytes;"
                " choose another with --name or -o"
            )
