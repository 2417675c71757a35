"""One image's way: read, decode, enlarge, encode, write, and what makes it unnecessary."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from sr_batch import codec
from sr_batch.batch.memory_gate import ByteGate
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.overwrite_guard import Claim, Taken
from sr_batch.batch.planning import LARGE_ENOUGH, Job, Notify
from sr_batch.batch.sidecars import copy_sidecars
from sr_batch.batch.verify import require_same_pictures
from sr_batch.core.errors import BadOutput, about
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Planned, Skipped
from sr_batch.files.atomic_write import imitate, write_output
from sr_batch.files.reading import PIPE, content_hash, display_name, most_bytes, read_source
from sr_batch.upscaling.upscaler import Stopped, Upscaled

Loader = Callable[[bytes, str, int], Iterator[Image]]
Result = TypeVar("Result", Done, Planned)

_BYTES_IN_FLIGHT = 1 << 30


class Enlarger(Protocol):
    """What the engine needs of an `Upscaler`. Calls are thread-safe."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def recipe(self) -> str: ...

    def output_size(self, size: Size) -> Size: ...

    def bound(self, size: Size) -> float: ...

    def passes(self, size: Size) -> tuple[int, ...]: ...

    def seconds(self, size: Size) -> float: ...

    def __call__(
        self, image: Image, name: str, progress: Callable[[int], None], stop: threading.Event
    ) -> Upscaled: ...


@dataclass(frozen=True)
class _Accepted:
    """An input that is to be enlarged: its file, what its header says, and its output."""

    data: bytes
    header: codec.Header
    kind: str
    sizes: tuple[Size, ...]
    claim: Claim


@dataclass(frozen=True)
class _Made:
    """What was enlarged, encoded."""

    data: bytes
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
        """Make what ``job`` says, unless it is made already or another file has its place.

        Raises:
            Stopped: ``halt`` was set; nothing was written.
            ImageError: this image cannot be read, enlarged or written.
            StorageError: the disk takes no more outputs.
        """
        started = time.perf_counter()
        return self._unless_taken(job, lambda accepted: self._done(job, accepted, started))

    def preview(self, job: Job) -> Planned | Skipped:
        """What a call would do, and what it would cost; raises what can be known before."""
        return self._unless_taken(job, lambda accepted: self._planned(job, accepted))

    def _unless_taken(self, job: Job, work: Callable[[_Accepted], Result]) -> Result | Skipped:
        try:
            accepted = self._accept(job)
            return accepted if isinstance(accepted, Skipped) else work(accepted)
        except Taken:
            if self._options.existing != "skip":
                raise
            return Skipped(str(job.source), str(job.target), "another file stands in its place")

    def _planned(self, job: Job, accepted: _Accepted) -> Planned:
        header, kind = accepted.header, accepted.kind
        return Planned(
            input=str(job.source),
            output=str(job.target),
            input_size=header.size,
            output_size=accepted.sizes[0],
            model=self._upscaler.model,
            passes=self._upscaler.passes(header.size),
            seconds=sum(self._upscaler.seconds(size) for size in header.sizes),
            bytes=sum(codec.likely_bytes(size, kind) for size in accepted.sizes),
        )

    def _accept(self, job: Job) -> _Accepted | Skipped:
        """Find out, by all that can be known before decoding, what becomes of ``job``."""
        name = display_name(job.source)
        self._require_going()
        data = read_source(job.source, most_bytes(self._options.max_pixels))
        header = codec.read_header(data, name, self._options.max_pixels)
        with about(name):
            if self._options.goal.leaves(header.size):
                return Skipped(str(job.source), None, LARGE_ENOUGH)
            sizes = tuple(self._upscaler.output_size(size) for size in header.sizes)
        kind = header.format if job.format == "keep" else job.format
        claim = self._claim(job, data, kind)
        if claim.is_done:
            return Skipped(str(job.source), str(job.target), "already done")
        codec.require_holds(header, kind, name)
        for size in sizes:
            codec.require_fits(size, kind, name)
        claim.check(kind, sizes)
        return _Accepted(data, header, kind, sizes, claim)

    def _done(self, job: Job, accepted: _Accepted, started: float) -> Done:
        header, claim = accepted.header, accepted.claim
        with self._gate.hold(_weight(accepted, self._options.verify)):
            made = self._make(accepted, display_name(job.source))
        output = content_hash(made.data)
        claim.admit(output)
        notes, size = [*made.notes], accepted.sizes[0]

        def announce() -> None:
            # Sidecars first: once an output has its name, no later run comes back to them.
            policy = self._options.metadata
            notes.extend(copy_sidecars(job.source, job.target, header, size, policy))
            claim.record(output)

        def finish(part: Path) -> None:
            notes.extend(self._finish(part, made.data, job.source))

        write_output(job.target, made.data, announce, finish)
        return Done(
            input=str(job.source),
            output=str(job.target),
            seconds=time.perf_counter() - started,
            input_size=header.size,
            output_size=size,
            model=self._upscaler.model,
            scale=self._options.goal.factor(header.size),
            provider=self._upscaler.provider,
            notes=tuple(notes),
        )

    def _finish(self, part: Path, data: bytes, source: Path) -> tuple[str, ...]:
        """The last thing before an output takes its name."""
        if self._options.verify and part.read_bytes() != data:
            raise BadOutput(f"{display_name(source)}: the disk does not give back what was written")
        if source == PIPE:
            return ()
        return imitate(part, source, times=self._options.metadata != "strip")

    def _require_going(self) -> None:
        if self._halt.is_set():
            raise Stopped

    def _make(self, accepted: _Accepted, name: str) -> _Made:
        notes: dict[str, None] = {}
        pages = self._enlarged(accepted, name, notes)
        options = self._options
        data = codec.encode_pages(pages, accepted.kind, options.quality, options.png_effort)
        if self._options.verify:
            sources = self._load(accepted.data, name, self._options.max_pixels)
            with about(name):
                require_same_pictures(data, accepted.sizes, sources, self._upscaler.bound)
        return _Made(data, tuple(notes))

    def _enlarged(self, accepted: _Accepted, name: str, notes: dict[str, None]) -> Iterator[Image]:
        """The pictures of an input, enlarged one by one; ``notes`` takes what is to be said."""
        self._require_going()
        for page in self._load(accepted.data, name, self._options.max_pixels):
            metadata = codec.kept(page.metadata, self._options.metadata)
            enlarged = self._upscaler(
                replace(page, metadata=metadata), name, self._progress, self._halt
            )
            lost = codec.losses(enlarged.image, accepted.kind)
            notes |= dict.fromkeys((*enlarged.notes, *lost))
            yield enlarged.image

    def _recipe(self, kind: str) -> str:
        """Hash of everything but the input that the bytes of an output depend on."""
        encoding = self._options.encoding_recipe(kind)
        return content_hash(f"{self._upscaler.recipe}\n{kind}\n{encoding}".encode())

    def _claim(self, job: Job, data: bytes, kind: str) -> Claim:
        with self._lock:
            ledger = self._ledgers.setdefault(job.root, Ledger(job.root, self._notify))
        return Claim(job, ledger, content_hash(data), self._recipe(kind), self._options.existing)


def _weight(accepted: _Accepted, twice: bool) -> int:
    """Bytes that a job holds at its peak: the file, all that is decoded, all that is enlarged.

    The last comes ``twice`` where it is read again.
    """
    decoded = accepted.header.decoded_bytes
    enlarged = decoded * accepted.sizes[0].pixels // accepted.header.size.pixels
    return len(accepted.data) + decoded + enlarged * (2 if twice else 1)
