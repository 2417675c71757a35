"""Which output a source gets whose name came before.

What made an output is its content, not its path: another picture under a known name gets an output
of its own, or fails by name, or replaces the output, as ``--again`` says.
"""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sr_batch.batch.job import Job
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.planning import Plan
from sr_batch.core.options import Again
from sr_batch.core.results import Failed, one_line
from sr_batch.files.reading import display_name, file_hash, stamp_of
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.known_sources import KnownSources
from sr_batch.watch.source_removal import numbered


@dataclass(frozen=True)
class OutputNames:
    """Gives the jobs of one pair their outputs.

    Attributes:
        pair: The folders and ``--again``.
        known: Knows the outputs of sources that were edited in place.
        say: Told which outputs are replaced, and about problems with the ledger.
    """

    pair: Pair
    known: KnownSources
    say: Callable[[str, str], None]

    def assign(self, plan: Plan) -> Plan:
        """``plan`` with the outputs of those sources changed whose names came before.

        The names depend on nothing but the ledger and the content, so a restart gives the same.

        Raises:
            StorageError: the disk is full or failing.
        """
        taken = {_folded(job.target) for job in plan.jobs}
        found = [self._assigned(job, taken) for job in plan.jobs]
        refused = [each for each in found if isinstance(each, Failed)]
        jobs = [each for each in found if isinstance(each, Job)]
        return replace(plan, jobs=tuple(jobs), settled=(*plan.settled, *refused))

    def _assigned(self, job: Job, taken: set[str]) -> Job | Failed:
        """``job`` with its output; ``taken`` are the outputs of the batch."""
        ledger = Ledger(job.root, self._note)
        policy, earlier = self._policy(job)
        if earlier and earlier != job.target:
            if _folded(earlier) in taken:
                policy = "rename"
            else:
                taken.add(_folded(earlier))
                job = replace(job, target=earlier)
        recorded = ledger.find(job.target)
        content = file_hash(job.source) if recorded else None
        if recorded is None or content is None or content == recorded.source:
            return replace(job, keep_others=policy != "replace")
        if policy == "fail":
            return _refused(job)
        if policy == "rename":
            target = _own_name(job.target, content, ledger.sources(), taken)
            taken.add(_folded(target))
            return replace(job, target=target, keep_others=True)
        if job.target.exists():
            self._note(
                f"{display_name(job.source)} has changed: {display_name(job.target)} is replaced"
                " when the new one is finished"
            )
        return job

    def _policy(self, job: Job) -> tuple[Again, Path | None]:
        """What to do, and for a source that was edited in place the output that it has."""
        if self.pair.again != "auto":
            return self.pair.again, None
        if self.pair.after == "keep":
            return "replace", None
        stamp = stamp_of(job.source)
        earlier = self.known.output_of(job.source, stamp) if stamp else None
        return ("replace" if earlier else "rename"), earlier

    def _note(self, text: str) -> None:
        self.say(text, "note: ")


def _own_name(
    target: Path, content: str, recorded: Mapping[Path, str], taken: Collection[str]
) -> Path:
    """The numbered name that was made from ``content``, or the first that nobody has."""
    for name in numbered(target):
        if name in recorded:
            if recorded[name] == content:
                return name
        elif _folded(name) not in taken and not os.path.lexists(name):
            return name
    raise AssertionError("the numbers do not end")


def _refused(job: Job) -> Failed:
    name, target = display_name(job.source), display_name(job.target)
    text = (
        f"{name}: {target} was made from another picture of this name and is kept; give this one"
        " another name, or use --again rename or replace"
    )
    return Failed(str(job.source), str(job.target), one_line(text))


def _folded(path: Path) -> str:
    """Equal for names that some file systems take for one."""
    return str(path).casefold()
