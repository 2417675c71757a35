"""Makes jobs of listings, as a stream: no list of all keys is held."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from sr_batch.batch.input_choice import Choice, match_parts
from sr_batch.batch.inputs import is_image_name
from sr_batch.batch.unread_formats import unread_kind
from sr_batch.core.shard import Shard
from sr_batch.distributed.job import NOTHING, KeyedJob, KeyedSidecar, Seen
from sr_batch.distributed.known_records import KnownRecords
from sr_batch.distributed.names import OutputNames, copy_of, suffix_of
from sr_batch.distributed.pairing import Group, groups, is_sidecar_key, stem_of
from sr_batch.distributed.roots import Root, inside
from sr_batch.stores.location import Place
from sr_batch.stores.store import Item, Store

IN_OUTPUT = "in the output folder"
_SIDECARS = (".xmp", ".XMP")
_NO_FOLDERS = (".", "..")  # parts of keys that cannot be read; the result says so


@dataclass(frozen=True)
class Listing:
    """What the jobs of a run are made from.

    Attributes:
        target: Where outputs go.
        outputs: Its store.
        names: Makes keys of outputs.
        choice: Which items are taken.
        numbers: Whether outputs of one name get numbers.
        shard: Takes part of the inputs; None takes all.
        named: URLs and paths of the inputs that were named.
        records: Of manifests.
        told: About items that other programs left behind.
    """

    target: Place
    outputs: Store
    names: OutputNames
    choice: Choice
    numbers: bool
    shard: Shard | None = None
    named: frozenset[str] = frozenset()
    records: KnownRecords = field(default_factory=KnownRecords)
    told: Callable[[str], None] = lambda name: None

    def jobs(self, root: Root, number: int, store: Store) -> Iterator[KeyedJob]:
        """The jobs for the inputs of ``root``, which is the source ``number`` of the spec.

        Raises:
            StorageError: a listing fails.
        """
        if root.named:
            yield from self._of_named(root, number, store)
            return
        filtered = _Filter(root, self, inside(self.target, root.place) or "")
        predicts = not (self.names.template or self.names.file)
        outputs = _visible(self.outputs.list()) if predicts else iter(())
        for group in groups(filter(filtered.takes, store.list()), outputs):
            yield from self._of_group(group, number, filtered, predicts)

    def _of_named(self, root: Root, number: int, store: Store) -> Iterator[KeyedJob]:
        if self.shard and not self.shard.takes(root.named.rpartition("/")[2]):
            return
        head = store.head(root.named)
        item = head.item if head else Item(root.named, 0, "", 0.0)  # reading it says what is wrong
        heads = (store.head(each) for each in sidecar_keys(root.named))
        sidecars = tuple(KeyedSidecar(each.item) for each in heads if each)
        yield KeyedJob(item, sidecars, place=number)

    def _of_group(
        self, group: Group, number: int, filtered: "_Filter", predicts: bool
    ) -> Iterator[KeyedJob]:
        used: dict[str | None, list[str]] = {}
        for item in group.pictures:
            if reason := filtered.skips(item.key):
                yield KeyedJob(item, place=number, skip=reason)
                continue
            target = self.names.expected(item.key) if predicts else None
            others = used.setdefault(target, [])
            if not self.shard or self.shard.takes(item.key):
                if target is None or not others:
                    yield self._job(group, item, target, number, filtered.kind(item.key))
                else:
                    yield self._second(group, item, others, number, filtered)
            others.append(item.key)

    def _job(
        self, group: Group, item: Item, target: str | None, number: int, unread: str
    ) -> KeyedJob:
        sidecars = tuple(self._sidecars(group, item.key, target)) if group.sidecars else ()
        known = self._seen(group, target) if target else NOTHING
        return KeyedJob(item, sidecars, known, target is not None, number, unread)

    def _second(
        self, group: Group, item: Item, others: list[str], number: int, filtered: "_Filter"
    ) -> KeyedJob:
        """The job for ``item`` if the output of ``others`` would have the same name."""
        unread = filtered.kind(item.key)
        if self.numbers:
            sidecars = tuple(self._sidecars(group, item.key, None))
            return KeyedJob(item, sidecars, place=number, unread=unread, number=len(others) + 1)
        collides = filtered.root.place.below(others[0])
        return KeyedJob(item, place=number, unread=unread, collides=collides)

    def _seen(self, group: Group, key: str) -> Seen:
        listed = group.outputs.get(key)
        return Seen(listed, self.records.find(key, listed.version)) if listed else NOTHING

    def _sidecars(self, group: Group, key: str, target: str | None) -> Iterator[KeyedSidecar]:
        for each in sidecar_keys(key):
            if item := group.sidecars.get(each):
                copy = self._seen(group, copy_of(each, key, target)) if target else NOTHING
                yield KeyedSidecar(item, copy)


class _Filter:
    """Which items below a root are inputs or sidecars."""

    def __init__(self, root: Root, listing: Listing, outputs: str) -> None:
        self.root = root
        self._choice = listing.choice
        self._told = listing.told
        self._pattern = root.pattern
        self._outputs = outputs
        names = [each.removeprefix(root.place.below("")) for each in listing.named]
        self._named = frozenset(names)
        self._patterns = bool(self._choice.include or self._choice.exclude)
        self._enters = lru_cache(1024)(self._enters_folder)

    def takes(self, item: Item) -> bool:
        """Whether ``item`` is an input or a sidecar."""
        key = item.key
        folder, _, name = key.rpartition("/")
        if not name:  # in a folder, what cannot be read; in a bucket, an object with content
            return not self.root.place.is_remote or _is_image(suffix_of(key.rstrip("/")))
        if name[0] == "." or not self._enters(folder) or key in self._named:
            return False
        if is_sidecar_key(key):
            return True
        if not _is_image(suffix_of(key)):
            self._tell(key, name)
            return False
        if self._pattern and not match_parts(tuple(key.split("/")), self._pattern):
            return False
        return not self._patterns or self._choice.takes(Path(key))

    def kind(self, key: str) -> str:
        """Name of the format of ``key``, if it is not read."""
        return _unread_kind(suffix_of(key))

    def skips(self, key: str) -> str:
        """Why the input ``key`` is skipped; empty if it is not."""
        return IN_OUTPUT if self._outputs and key.startswith(self._outputs) else ""

    def _enters_folder(self, folder: str) -> bool:
        """Whether items in ``folder`` are taken at all."""
        if not folder:
            return True
        if not (self._choice.recursive or self._pattern):
            return False
        parts = folder.split("/")
        if any(part.startswith(".") and part not in _NO_FOLDERS for part in parts):
            return False
        path = Path(folder)
        if self._choice.passes_over(path):
            self._told(self.root.place.below(folder))
            return False
        return True

    def _tell(self, key: str, name: str) -> None:
        if self._choice.passes_over(Path(name)):
            self._told(self.root.place.below(key))


def sidecar_keys(key: str) -> Iterator[str]:
    """The keys of all possible sidecars of the picture ``key``."""
    for suffix in _SIDECARS:
        yield stem_of(key) + suffix
        yield key + suffix


def _visible(items: Iterator[Item]) -> Iterator[Item]:
    """``items`` without those in hidden folders, such as the state of runs."""
    return (item for item in items if not item.key.startswith("."))


@lru_cache(1024)
def _is_image(suffix: str) -> bool:
    name = Path(f"x{suffix}")
    return is_image_name(name) or bool(unread_kind(name))


@lru_cache(1024)
def _unread_kind(suffix: str) -> str:
    return unread_kind(Path(f"x{suffix}"))
