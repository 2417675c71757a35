"""Pictures at a URL, copied to a temporary folder for the commands that measure."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import is_image_name
from sr_batch.core.byte_count import rough_bytes
from sr_batch.core.errors import ImageError, UsageError
from sr_batch.core.options import MAX_PIXELS
from sr_batch.core.results import Failed, one_line
from sr_batch.files.disk_errors import disk_errors
from sr_batch.files.reading import most_bytes
from sr_batch.stores.location import Place, is_url, place_of
from sr_batch.stores.opening import open_store
from sr_batch.stores.probe import probe_input
from sr_batch.stores.store import Item, Store

_AT_ONCE = 8


@dataclass(frozen=True)
class Pictures:
    """A folder of pictures.

    Attributes:
        folder: Where they are on this machine.
        name: The folder or URL that the user gave.
        missing: A Failed for each object that could not be copied; its input is the key.
    """

    folder: Path
    name: str
    missing: tuple[Failed, ...] = ()

    def about(self, message: str) -> str:
        """``message`` with the names that the user knows."""
        return message.replace(str(self.folder), self.name)


@contextmanager
def pictures_at(text: str, endpoint: str, say: Callable[[str], None]) -> Iterator[Pictures]:
    """The folder ``text``; what is at a URL is copied to a folder that is removed at the end.

    Args:
        text: A folder or a URL.
        endpoint: Of ``--endpoint-url``.
        say: Told how much is copied.

    Raises:
        UsageError: a URL that is malformed or has no pictures, or more than the disk has room for.
        Unreachable: no server answers.
        StorageError: the server stops to answer, or the disk is full.
    """
    place = place_of(text, endpoint)
    if not is_url(text) or not place.is_remote:
        yield Pictures(place.folder, str(place.folder))
        return
    probe_input(place)
    store = open_store(place)
    items = [item for item in store.list() if _is_picture(item)]
    with tempfile.TemporaryDirectory(prefix="sr-batch-") as temporary:
        _require_room(items, place, Path(temporary))
        size = sum(item.size for item in items)
        say(f"{place.url}: copying {len(items)} pictures, {rough_bytes(size)}")
        folder = Path(temporary, PurePosixPath(place.prefix).name or place.bucket)
        folder.mkdir()
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            results = list(threads.map(lambda item: _copy(store, item, folder), items))
        yield Pictures(folder, place.url, tuple(each for each in results if each))


def _is_picture(item: Item) -> bool:
    path = PurePosixPath(item.key)
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and not Choice().passes_over(Path(path)) and is_image_name(Path(path))


def _require_room(items: list[Item], place: Place, folder: Path) -> None:
    if not items:
        raise UsageError(f"{place.url}: no pictures are there")
    size, free = sum(item.size for item in items), shutil.disk_usage(folder).free
    if size > free:
        raise UsageError(
            f"{place.url}: its pictures have {size / 1e9:.1f} GB, and {folder.parent} has room for"
            f" {free / 1e9:.1f} GB; set TMPDIR to a larger disk, or give a smaller prefix"
        )


def _copy(store: Store, item: Item, folder: Path) -> Failed | None:
    try:
        data = store.read(item.key, item.version, most_bytes(MAX_PIXELS))
        target = folder / item.key
        with disk_errors(target, len(data)):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    except ImageError as error:
        return Failed(one_line(item.key), None, str(error))
    return None
