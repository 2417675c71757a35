"""Brings together what belongs to one picture from two listings, in flat memory.

Both listings are in the order of their keys. All that belongs to the picture ``folder/name.jpg``
has a key that begins with ``folder/name.``, so these keys follow each other, apart from those of
a folder whose name begins so, too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sr_batch.core.errors import StorageError
from sr_batch.distributed.names import suffix_of
from sr_batch.stores.store import Item


@dataclass(slots=True)
class Group:
    """What has one stem in one folder.

    Attributes:
        beginning: Of all its keys.
        pictures: Items that may be inputs.
        sidecars: Sidecars that may belong to them, by their keys.
        outputs: Items among the outputs, by their keys.
    """

    beginning: str
    pictures: list[Item] = field(default_factory=list)
    sidecars: dict[str, Item] = field(default_factory=dict)
    outputs: dict[str, Item] = field(default_factory=dict)


def is_sidecar_key(key: str) -> bool:
    """Whether ``key`` has the name of a sidecar."""
    return key.endswith((".xmp", ".XMP"))


def stem_of(key: str) -> str:
    """``key`` without the suffix of its name."""
    return key[: len(key) - len(suffix_of(key))]


def groups(sources: Iterable[Item], outputs: Iterable[Item]) -> Iterator[Group]:
    """All groups that have pictures, each once.

    Args:
        sources: Pictures and sidecars, in the order of their keys.
        outputs: Of earlier runs.

    Raises:
        StorageError: a listing is not in the order of its keys.
    """
    open_groups: list[Group] = []
    for is_output, item in _merged(sources, outputs):
        while open_groups and not item.key.startswith(open_groups[-1].beginning):
            if (group := open_groups.pop()).pictures:
                yield group
        _add(open_groups, item, is_output)
    yield from (group for group in reversed(open_groups) if group.pictures)


def _merged(sources: Iterable[Item], outputs: Iterable[Item]) -> Iterator[tuple[bool, Item]]:
    """Both listings in the order of the keys; whether an item is an output, and the item."""
    left, right = _ordered(sources), _ordered(outputs)
    source, output = next(left, None), next(right, None)
    while source or output:
        if output is None or (source and source.key <= output.key):
            assert source
            yield False, source
            source = next(left, None)
        else:
            yield True, output
            output = next(right, None)


def _ordered(items: Iterable[Item]) -> Iterator[Item]:
    """``items``; that of code points is the order of UTF-8, in which buckets list keys."""
    last = ""
    for item in items:
        if item.key < last:
            raise StorageError(f"the store does not list {item.key} in the order of the keys")
        last = item.key
        yield item


def _add(stack: list[Group], item: Item, is_output: bool) -> None:
    """Put ``item`` into its group, and a sidecar also into that of ``a`` for ``a.jpg.xmp``."""
    key = item.key
    stem = stem_of(key)
    own = _opened(stack, f"{stem}.")
    if not is_sidecar_key(key):
        if is_output:
            own.outputs[key] = item
        else:
            own.pictures.append(item)
        return
    beginnings = (f"{stem}.", f"{stem_of(stem)}.")
    for group in stack:
        if group.beginning in beginnings:
            (group.outputs if is_output else group.sidecars)[key] = item


def _opened(stack: list[Group], beginning: str) -> Group:
    """The group for ``beginning``, which is a new one unless it is the last that was opened."""
    if stack and stack[-1].beginning == beginning:
        return stack[-1]
    stack.append(Group(beginning))
    return stack[-1]
