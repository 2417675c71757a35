"""What a run over stores needs of a place that holds pictures: a bucket, or a folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sr_batch.core.errors import ImageError, SrBatchError

MODIFIED = "sr-modified"
"""Fact: when the input was modified, in seconds since 1970. A folder gives the file this time."""


class Item(NamedTuple):
    """One object or file, as a listing shows it. A tuple, as there may be millions.

    Attributes:
        key: Its name below the root of the store, with ``/`` between the parts and none in front.
        size: Bytes.
        version: Changes with the content: the ETag of an object, the stamp of a file.
        modified: Seconds since 1970.
    """

    key: str
    size: int
    version: str
    modified: float


@dataclass(frozen=True)
class Head:
    """One object or file with the facts that its writer stored with it.

    Attributes:
        item: What a listing shows.
        facts: ASCII names and values, such as what an output was made from.
    """

    item: Item
    facts: Mapping[str, str] = field(default_factory=dict)


class Store(Protocol):
    """A bucket below a prefix, or a folder. Calls are thread-safe."""

    @property
    def url(self) -> str:
        """Its root, for messages and results."""
        ...

    def list(self, prefix: str = "") -> Iterator[Item]:
        """All items whose key begins with ``prefix``, in the order of their keys, page by page."""
        ...

    def head(self, key: str) -> Head | None:
        """The item ``key`` as it is now; None if it does not exist."""
        ...

    def read(self, key: str, version: str | None, limit: int) -> bytes:
        """The content of ``key``.

        Args:
            key: The item.
            version: What it must still be; None reads what is there.
            limit: Most bytes.

        Raises:
            Changed: it is another version now.
            ImageError: it does not exist, cannot be read, or is larger than ``limit``.
        """
        ...

    def publish(
        self,
        key: str,
        data: bytes,
        expect: str | None,
        facts: Mapping[str, str],
        content_type: str,
    ) -> str:
        """Store ``data`` with its ``facts`` in one step: others see all of it or nothing.

        Args:
            key: Where.
            data: The whole content.
            expect: The version that it replaces; None if nothing may be there.
            facts: ASCII names and values.
            content_type: Such as ``image/png``.

        Returns:
            The new version.

        Raises:
            Taken: something else is there than expected; it is kept.
            StorageError: the store takes no more.
        """
        ...


class Changed(ImageError):
    """An item is not the version any more that was listed."""


class Taken(ImageError):
    """Another object or file has the place of an output, and is kept."""


class Unreachable(SrBatchError):
    """The server of a store, or a cluster, does not answer."""

    exit_code = 4
