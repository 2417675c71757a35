"""A store in memory that counts what is asked of it, for tests of the code around it."""

import hashlib
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image as Pillow

from sr_batch.core.errors import UnreadableImage
from sr_batch.stores.location import Place
from sr_batch.stores.store import Changed, Head, Item, Taken


@dataclass
class MemoryStore:
    """Keeps objects in a dictionary, with the conditions of a bucket.

    Attributes:
        calls: How often each method was called.
        writes: How often each key was written.
        before_read: Called first, may change the store.
        lost: Keys whose next write is stored, but refused to the writer, as if the answer to the
            first attempt of two was lost.
    """

    url: str = "s3://bucket"
    calls: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    before_read: Callable[[str], None] = lambda key: None
    before_publish: Callable[[str], None] = lambda key: None
    lost: set[str] = field(default_factory=set)
    objects: dict[str, tuple[Head, bytes]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def put(self, key: str, data: bytes, facts: Mapping[str, str] | None = None) -> Item:
        with self._lock:
            version = hashlib.md5(data + str(sum(self.writes.values())).encode()).hexdigest()
            item = Item(key, len(data), version, 1_000_000.0)
            self.objects[key] = Head(item, dict(facts or {})), data
            self.writes[key] += 1
            return item

    def data(self, key: str) -> bytes:
        return self.objects[key][1]

    def pictures(self) -> list[str]:
        return sorted(key for key in self.objects if not key.startswith(".sr-batch/"))

    def list(self, prefix: str = "") -> Iterator[Item]:
        self.calls["list"] += 1
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield self.objects[key][0].item

    def head(self, key: str) -> Head | None:
        self.calls["head"] += 1
        found = self.objects.get(key)
        return found[0] if found else None

    def read(self, key: str, version: str | None, limit: int) -> bytes:
        self.calls["read"] += 1
        self.before_read(key)
        if key not in self.objects:
            raise (Changed if version else UnreadableImage)(f"{key}: it does not exist")
        head, data = self.objects[key]
        if version is not None and head.item.version != version:
            raise Changed(f"{key}: it changed after it was listed")
        return data

    def publish(
        self,
        key: str,
        data: bytes,
        expect: str | None,
        facts: Mapping[str, str],
        content_type: str,
    ) -> str:
        self.calls["publish"] += 1
        self.before_publish(key)
        with self._lock:
            present = self.objects.get(key)
            if (present[0].item.version if present else None) != expect:
                raise Taken(f"{key}: another object has this name")
            version = self.put(key, data, facts).version
        if key in self.lost:
            self.lost.remove(key)
            raise Taken(f"{key}: another object has this name")
        return version


def picture(seed: int = 0, size: tuple[int, int] = (6, 4), kind: str = "PNG") -> bytes:
    """The bytes of a small picture of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Pillow.fromarray(pixels).save(file, kind)
    return file.getvalue()


IN, OUT = Place("s3://bucket/in"), Place("s3://bucket/out")
