"""Protects objects in the place of an output, and publishes the output there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from sr_batch.batch.loading import Loader
from sr_batch.batch.overwrite_guard import OutputTaken, Recipes
from sr_batch.core.errors import ImageError
from sr_batch.core.geometry import Size
from sr_batch.core.options import Existing
from sr_batch.core.results import one_line
from sr_batch.distributed.job import Seen
from sr_batch.distributed.records import Made, Record
from sr_batch.files.reading import most_bytes
from sr_batch.stores.store import Head, Store, Taken

_ATTEMPTS = 5  # to publish while others write to the same key
_OR_ELSE = "move it away, choose another place with -o, or use --existing skip or overwrite"

Published = Literal["done", "already done"]


@dataclass(frozen=True)
class Target:
    """A key of the store of outputs, and what is known of it.

    Attributes:
        store: The store.
        key: The key.
        name: For messages.
        seen: From listing and manifests.
        head: Asks the store about the key. The answer may be one of before.
    """

    store: Store
    key: str
    name: str
    seen: Seen
    head: Callable[[], Head | None]


class OutputGuard:
    """Decides whether the output of one job exists already, and what it may replace.

    What is there is an output of this program if its facts say so, or a record of its version.

    Args:
        target: Where the output goes.
        own: What the output is made from.
        recipes: Of this run, and of others that count as this one.
        existing: ``--existing``.

    Attributes:
        own: What the output is made from.
        stored: The output as it was published, or found; None before that.
    """

    def __init__(
        self, target: Target, own: Made, recipes: Recipes, existing: Existing = "error"
    ) -> None:
        self._target = target
        self.own = own
        self._recipes = recipes
        self._existing = existing
        self._present = target.head()
        self._alike: str | None = None
        self.stored: Record | None = None

    @property
    def _made(self) -> Made | None:
        """What the object that is there was made from; None if that is not known."""
        return made_of(self._present, self._target.seen) if self._present else None

    @property
    def _is_free(self) -> bool:
        """Whether there is no object, or an empty one, so that nothing can be lost."""
        return self._present is None or self._present.item.size == 0

    def _is_current(self, made: Made | None) -> bool:
        """Whether ``made`` is this input, enlarged with settings that count as these."""
        same = made is not None and made.content == self.own.content
        return same and made is not None and self._recipes.accept(made.recipe)

    @property
    def is_done(self) -> bool:
        """Whether the output exists, exactly as this job would make it."""
        return not self._is_free and self._is_current(self._made)

    @property
    def is_outdated(self) -> bool:
        """Whether the output was made from this input with settings that count as others."""
        made = self._made
        return made is not None and made.content == self.own.content and not self.is_done

    @property
    def is_edited(self) -> bool:
        """Whether the output was made by this job and replaced since, and is to be kept."""
        record = self._target.seen.record
        known = record is not None and self._is_current(record.made)
        return known and self._is_foreign and self._existing != "overwrite"

    @property
    def _is_foreign(self) -> bool:
        return not self._is_free and self._made is None

    @property
    def record(self) -> Record | None:
        """What a manifest may say of the output that is there."""
        if self._present is None or self._made is None:
            return None
        return Record(self._target.key, self._present.item.version, self.own)

    def require_replaceable(self, kind: str, sizes: tuple[Size, ...], load: Loader) -> None:
        """Refuse, before the work, an output that could not be stored after it.

        An object without facts may be what this job makes: the same work gives the same bytes.

        Raises:
            OutputTaken: there is an object that must be kept.
        """
        if self._is_free or self._existing == "overwrite":
            return
        self._require_not_of_another()
        if self._made is None:
            if self._existing == "skip":
                raise self._unknown()
            self._alike = self._version_if_alike(kind, sizes, load)

    def require_same_or_own(self, data: bytes) -> None:
        """Refuse to replace an object that has no facts, unless it is ``data`` already.

        Raises:
            OutputTaken: it has another content, or was made from another input.
        """
        self._require_not_of_another()
        if self._is_foreign and not self._is_same(data):
            raise self._unknown()

    def publish(self, data: bytes, content_type: str, facts: dict[str, str]) -> Published:
        """Store ``data`` with its facts, or find out that it is stored.

        Raises:
            OutputTaken: there is an object that must be kept.
            StorageError: the store takes no more outputs.
        """
        target = self._target
        for _ in range(_ATTEMPTS):
            if self._alike and not self._is_same(data):
                raise self._unknown()
            expect = self._present.item.version if self._present else None
            try:
                version = target.store.publish(target.key, data, expect, facts, content_type)
            except Taken:
                if known := self._after_refusal(data):
                    return known
                continue
            self.stored = Record(target.key, version, self.own)
            return "done"
        raise OutputTaken(f"{target.name}: other programs write to it all the time, so it is kept")

    def made_by(self, recipes: Recipes) -> None:
        """Tell which recipe the output is made by, where more than one was possible before."""
        self._recipes = recipes
        self.own = replace(self.own, recipe=recipes.own)

    def _after_refusal(self, data: bytes) -> Published | None:
        """Look at what is there after the store has refused the output; None to try again.

        The answer to an earlier request may have been lost: then this run's own output is there.
        """
        before, self._present = self._present, self._target.store.head(self._target.key)
        if self._present and self.is_done:
            self.stored = Record(self._target.key, self._present.item.version, self.own)
            return "done" if self._made == self.own else "already done"
        if self._is_free or self._existing == "overwrite":
            return None
        self._require_not_of_another()
        if self._made is None:
            if self._is_same(data):
                return None  # it gets its facts
            raise self._changed() if before else self._unknown()
        return None

    def _require_not_of_another(self) -> None:
        made, own = self._made, self.own
        if made is None or own.content == made.content or own.source == made.source:
            return
        raise OutputTaken(
            f"{self._target.name} was made from another input ({one_line(made.source)}),"
            f" so it is kept: {_OR_ELSE}"
        )

    def _version_if_alike(self, kind: str, sizes: tuple[Size, ...], load: Loader) -> str:
        """The version of an image that has the format and sizes of the output; refuses others."""
        assert self._present
        item, pixels = self._present.item, sum(size.pixels for size in sizes)
        try:
            data = self._target.store.read(item.key, item.version, most_bytes(pixels))
            with load(data, self._target.name, pixels) as file:
                header = file.header
        except ImageError as error:
            raise self._unknown() from error
        if (header.format, header.sizes) != (kind, sizes):
            raise self._unknown()
        return item.version

    def _is_same(self, data: bytes) -> bool:
        item = self._present.item if self._present else None
        if item is None or item.size != len(data):
            return False
        return self._target.store.read(item.key, item.version, len(data)) == data

    def _unknown(self) -> OutputTaken:
        return OutputTaken(
            f"{self._target.name} exists and is not recorded as an output, so it is kept:"
            f" {_OR_ELSE}"
        )

    def _changed(self) -> OutputTaken:
        return OutputTaken(
            f"{self._target.name} was changed by another program, so it is kept: {_OR_ELSE}"
        )


def made_of(present: Head, seen: Seen) -> Made | None:
    """What the output ``present`` was made from, by its facts, or by a record of its version."""
    if made := Made.of(present.facts):
        return made
    if seen.record and seen.record.version == present.item.version:
        return seen.record.made
    return None
