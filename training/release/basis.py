"""The pictures that exported files are measured on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sr_batch.bench.quality import Judged
from sr_batch.inference.session import Session
from training.data.pictures import Picture
from training.evaluate.paired import PAIRED_PROTOCOL, score_pairs
from training.evaluate.protocol import Protocol
from training.evaluate.standard_sets import score_pictures, score_sets


@dataclass(frozen=True)
class Basis:
    """What the files are measured on.

    Attributes:
        own: Validation pictures of the run; without any, it is the sets of ``protocol``.
        protocol: How LR is made, if the pictures have none.
    """

    own: Sequence[Picture]
    protocol: Protocol

    @property
    def pairs(self) -> list[tuple[Path, Path]]:
        """HR and LR files of those pictures that have an LR."""
        return [(each.hr, each.lr) for each in self.own if each.lr]

    @property
    def text(self) -> str:
        """The protocol for the contract."""
        return PAIRED_PROTOCOL if self.pairs else self.protocol.text()

    def judged(self, session: Session, data: Path, workers: int) -> Mapping[str, Judged]:
        """The figures of ``session``, by set; ``workers`` pictures are measured at a time."""
        if self.pairs:
            return {"validation": score_pairs(self.pairs, session)}
        if self.own:
            paths = [each.hr for each in self.own]
            return {"validation": score_pictures(paths, session, workers, self.protocol)}
        return score_sets(session, data, workers, self.protocol)
