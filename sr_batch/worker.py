"""One image's way: read, decode, enlarge, encode, write, and what makes it unnecessary."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sr_batch import codec
from sr_batch.errors import ImageError, UnwritableOutput
from sr_batch.geometry import Size
from sr_batch.image import Image
from sr_batch.jobs import PIPE, Job, Notify
from sr_batch.ledger import Entry, Ledger
from sr_batch.options import UpscaleOptions
from sr_batch.reading import content_hash, display_name, file_hash, read_source
from sr_batch.results import Done, Skipped
from sr_batch.storage import require_writable, write_output
from sr_batch.upscaler import Stopped, Upscaled

Loader = Callable[[bytes, str, int], Image]

_BYTES_IN_FLIGHT = 1 << 30
_BYTES_PER_PIXEL = 8  # 16-bit RGBA: no file needs more, but for what it says beside its pixels
_BYTES_BESIDE_PIXELS = 64 << 20


class Enlarger(Protocol):
    """What the engine needs of :class:`sr_batch.upscaler.Upscaler`. Calls are thread-safe."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def recipe(self) -> str: ...

    def output_size(self, size: Size) -> Size: ...

    def __call__(
        self, image: Image, name: str, progress: Callable[[int], None], stop: threading.Event
    ) -> Upscaled: ...


class ByteGate:
    """Lets holders in while their bytes stay within ``limit`` together; one may always enter."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, count: int) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._held + count <= self._limit)
            self._held += count
        try:
            yield
        finally:
            with self._changed:
                self._held -= count
                self._changed.notify_all()


@dataclass(frozen=True)
class _Made:
    """An enlarged image, encoded."""

    data: bytes
    size: Size
    notes: tuple[str, ...]


class Worker:
    """Takes images through all their steps, each in a thread of the caller's.

    What the images in work hold together is bounded in bytes.
    """

    def __init__(
        self,
        upscaler: Enlarger,
        options: UpscaleOptions,
        progress: Callable[[int], None],
        halt: threading.Event,
        load: Loader,
        notify: Notify,
    ) -> None:
        self._upscaler = upscaler
        self._options = options
        self._progress = progress
        self._halt = halt
        self._load = load
        self._notify = notify
        self._gate = ByteGate(_BYTES_IN_FLIGHT)
        self._ledgers: dict[Path, Ledger] = {}
        self._lock = threading.Lock()

    def __call__(self, job: Job) -> Done | Skipped:
        """Make what ``job`` says, unless it is made already.

        Raises:
            Stopped: ``halt`` was set; nothing was written.
            ImageError: this image cannot be read, enlarged or written.
            StorageError: the disk takes no more outputs.
        """
        name = display_name(job.source)
        self._require_going()
        started = time.perf_counter()
        data = read_source(job.source, _most_bytes(self._options.max_pixels))
        header = codec.read_header(data, name, self._options.max_pixels)
        kind = header.format if job.format == "keep" else job.format
        size = self._upscaler.output_size(header.size)
        source, recipe = content_hash(data), self._recipe(kind)
        if self._is_done(job, source, recipe):
            return Skipped(str(job.source), str(job.target), "already done")
        codec.require_fits(size, kind, name)
        standing = self._standing(job, kind, size)
        with self._gate.hold(_weight(data, header, size)):
            made = self._make(data, name, kind)
        entry = Entry(source, recipe, content_hash(made.data))
        if standing not in (None, entry.output):
            raise _foreign(job.target)
        write_output(job.target, made.data, lambda: self._record(job, entry))
        return Done(
            input=str(job.source),
            output=str(job.target),
            seconds=time.perf_counter() - started,
            input_size=header.size,
            output_size=made.size,
            model=self._upscaler.model,
            scale=self._options.scale,
            provider=self._upscaler.provider,
            notes=made.notes,
        )

    def _require_going(self) -> None:
        if self._halt.is_set():
            raise Stopped

    def _make(self, data: bytes, name: str, kind: str) -> _Made:
        self._require_going()
        image = self._load(data, name, self._options.max_pixels)
        enlarged = self._upscaler(image, name, self._progress, self._halt)
        notes = (*enlarged.notes, *codec.losses(enlarged.image, kind))
        encoded = codec.encode_image(enlarged.image, kind, self._options.quality)
        return _Made(encoded, enlarged.image.size, notes)

    def _recipe(self, kind: str) -> str:
        """Hash of everything but the input that the bytes of an output depend on."""
        text = f"{self._upscaler.recipe}\n{kind}\n{self._options.quality}"
        return content_hash(text.encode())

    def _ledger(self, root: Path) -> Ledger:
        with self._lock:
            return self._ledgers.setdefault(root, Ledger(root, self._notify))

    def _is_done(self, job: Job, source: str, recipe: str) -> bool:
        if job.root == PIPE:
            return False
        entry = self._ledger(job.root).find(job.target)
        return entry is not None and entry == Entry(source, recipe, file_hash(job.target) or "")

    def _record(self, job: Job, entry: Entry) -> None:
        if job.root != PIPE:
            self._ledger(job.root).record(job.target, entry)

    def _standing(self, job: Job, kind: str, size: Size) -> str | None:
        """Hash of a file in the target's place that is not known as ours; None if there is none.

        It may be ours all the same, its record lost. Then the same work gives the same bytes;
        no other file is ever replaced.
        """
        if job.root == PIPE:
            return None
        require_writable(job.target)
        if _is_free(job.target) or self._ledger(job.root).find(job.target):
            return None
        try:
            data = read_source(job.target, _most_bytes(size.pixels))
            header = codec.read_header(data, display_name(job.target), size.pixels)
        except ImageError as error:
            raise _foreign(job.target) from error
        if (header.format, header.size) != (kind, size):
            raise _foreign(job.target)
        return content_hash(data)


def _most_bytes(pixels: int) -> int:
    return pixels * _BYTES_PER_PIXEL + _BYTES_BESIDE_PIXELS


def _weight(data: bytes, header: codec.Header, size: Size) -> int:
    """Bytes that a job holds at its peak: the file, the decoded image, the enlarged one."""
    enlarged = header.decoded_bytes * size.pixels // header.size.pixels
    return len(data) + header.decoded_bytes + enlarged


def _is_free(target: Path) -> bool:
    """Nothing stands there, or an empty file: nothing that could be lost."""
    try:
        return not target.exists() or (target.is_file() and target.stat().st_size == 0)
    except OSError as error:
        raise UnwritableOutput(
            f"{display_name(target)}: {error.strerror}; choose another place with -o"
        ) from error


def _foreign(target: Path) -> UnwritableOutput:
    return UnwritableOutput(
        f"{display_name(target)} exists and is not known as an output of ours, so it is kept:"
        " move it away or choose another place with -o"
    )
