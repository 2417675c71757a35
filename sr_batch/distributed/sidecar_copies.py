"""Copies the sidecars of inputs in stores to beside the outputs."""

from collections.abc import Callable, Iterator

from sr_batch import codec
from sr_batch.batch.overwrite_guard import OutputTaken, Recipes
from sr_batch.core.errors import ImageError
from sr_batch.core.geometry import Size
from sr_batch.core.options import Keep
from sr_batch.core.results import one_line
from sr_batch.distributed.job import KeyedSidecar
from sr_batch.distributed.names import copy_of
from sr_batch.distributed.output_guard import OutputGuard, Target, made_of
from sr_batch.distributed.records import Made, Record, source_name
from sr_batch.files.reading import content_hash
from sr_batch.stores.location import Place
from sr_batch.stores.store import Store

_MOST_BYTES = 64 << 20
_RECIPE = "sidecar"
_TYPE = "application/rdf+xml"


class SidecarCopies:
    """The sidecars of one input.

    Args:
        place: Where the input is.
        source: Its store.
        target: The store of the outputs, with its place.
        run: The run.
        policy: ``--metadata``.
    """

    def __init__(
        self,
        place: Place,
        source: Store,
        target: tuple[Place, Store],
        run: str,
        policy: Keep,
    ) -> None:
        self._place = place
        self._source = source
        self._out, self._target = target
        self._run = run
        self._policy = policy

    def are_copied(
        self, sidecars: tuple[KeyedSidecar, ...], picture: str, output: str, listed: bool
    ) -> bool:
        """Whether copies of all ``sidecars`` exist, made from them as they are now.

        ``listed``: whether a listing has told what is there.
        """
        return self._policy == "strip" or all(
            self._is_copied(sidecar, copy_of(sidecar.source.key, picture, output), listed)
            for sidecar in sidecars
        )

    def copy(
        self,
        sidecars: tuple[KeyedSidecar, ...],
        picture: str,
        output: str,
        header: codec.Header,
        size: Size,
        record: Callable[[Record], None],
    ) -> Iterator[str]:
        """Copy what is new. Yields notes on what was not copied, which does not fail the image.

        Args:
            sidecars: Of the input.
            picture: Key of the input.
            output: Key of the output.
            header: Of the input.
            size: Of the output.
            record: Told about every copy that was written.

        Raises:
            StorageError: the store takes no more objects.
        """
        if self._policy == "strip":
            return
        for sidecar in sidecars:
            key = copy_of(sidecar.source.key, picture, output)
            try:
                if written := self._copied(sidecar, key, header, size):
                    record(written)
            except OutputTaken as taken:
                yield f"{self._name(sidecar)} was not copied: {taken}"
            except ImageError as error:
                yield f"{self._name(sidecar)} could not be copied: {error}"

    def _is_copied(self, sidecar: KeyedSidecar, key: str, listed: bool) -> bool:
        own = source_name(self._place.below(sidecar.source.key))
        if known := sidecar.copy.proven:
            return _is_of(known.made, own, sidecar.source.version)
        present = self._target.head(key) if sidecar.copy.item or not listed else None
        made = made_of(present, sidecar.copy) if present else None
        return made is not None and _is_of(made, own, sidecar.source.version)

    def _copied(
        self, sidecar: KeyedSidecar, key: str, header: codec.Header, size: Size
    ) -> Record | None:
        item = sidecar.source
        original = self._source.read(item.key, item.version, _MOST_BYTES)
        packet = codec.true_xmp(original, header, size, self._policy)
        recipe = f"{_RECIPE} {content_hash(packet)}"
        name = source_name(self._place.below(item.key))
        own = Made(name, item.version, content_hash(original), recipe, self._run)
        shown = one_line(self._out.below(key))
        target = Target(self._target, key, shown, sidecar.copy, lambda: self._target.head(key))
        guard = OutputGuard(target, own, Recipes(recipe))
        if guard.is_done or guard.is_edited:
            return guard.record
        guard.require_same_or_own(packet)
        guard.publish(packet, _TYPE, own.facts)
        return guard.stored

    def _name(self, sidecar: KeyedSidecar) -> str:
        return one_line(self._place.below(sidecar.source.key))


def _is_of(made: Made, source: str, version: str) -> bool:
    return (made.source, made.version) == (source, version)
