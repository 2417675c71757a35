"""One input of a run over stores, as the listings show it. Small, and can be pickled."""

from dataclasses import dataclass
from typing import NamedTuple

from sr_batch.distributed.records import Record
from sr_batch.stores.store import Item


@dataclass(frozen=True)
class Seen:
    """What is known, without a request for it, of a key where a worker may write.

    Attributes:
        item: What the listing of the outputs has; None if it has none.
        record: What a manifest has.
    """

    item: Item | None = None
    record: Record | None = None

    @property
    def proven(self) -> Record | None:
        """The record, if the listing shows the very output that it is about."""
        if self.item and self.record and self.record.version == self.item.version:
            return self.record
        return None


NOTHING = Seen()


@dataclass(frozen=True)
class KeyedSidecar:
    """A sidecar of an input, and what is known of its copy."""

    source: Item
    copy: Seen = NOTHING


class KeyedJob(NamedTuple):
    """One image to make. A tuple, as there may be millions.

    Attributes:
        source: The input.
        sidecars: Of the input.
        known: What is known of the output that its name suggests.
        listed: Whether a listing of the outputs was looked at for ``known``.
        place: Which of the sources of `WorkerSpec` has it.
        unread: Name of its format, if that is not read and the input was not named itself.
        number: From 2 on, goes into the name of the output, as another input has the same name.
        skip: Why nothing is to be done; empty if something is.
        collides: Another input whose output would have the same name; empty if there is none.
    """

    source: Item
    sidecars: tuple[KeyedSidecar, ...] = ()
    known: Seen = NOTHING
    listed: bool = False
    place: int = 0
    unread: str = ""
    number: int = 1
    skip: str = ""
    collides: str = ""
