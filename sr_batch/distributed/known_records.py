"""The records of all manifests, in a temporary file: flat memory for millions of outputs."""

import json
from collections.abc import Iterable
from dataclasses import astuple
from types import TracebackType
from typing import Self

from sr_batch.distributed.records import Made, Record
from sr_batch.files.temporary_index import TemporaryIndex


class KnownRecords:
    """Finds records by the keys of outputs. Use as a context manager, in one thread at a time.

    Args:
        records: Of several for one version of an output, the first one counts.

    Raises:
        StorageError: the folder for temporary files is full or failing.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._index = TemporaryIndex()
        self._is_empty = True
        for record in records:
            self._is_empty = False
            made = json.dumps(astuple(record.made)).encode()
            self._index.add(_bytes(record.key), _bytes(record.version), made)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._index.close()

    def find(self, key: str, version: str = "") -> Record | None:
        """A record of the output ``key``: that of ``version``, if there is one."""
        found = dict(self._index.find(_bytes(key))) if not self._is_empty else {}
        if not found:
            return None
        chosen = _bytes(version) if _bytes(version) in found else next(iter(found))
        made = Made(*json.loads(found[chosen]))
        return Record(key, chosen.decode("utf-8", "surrogateescape"), made)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
