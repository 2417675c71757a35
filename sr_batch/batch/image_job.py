"""What happens to one image: read, decide, decode, enlarge, encode, store."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.enlarging import EnlargedPictures, Enlarger
from sr_batch.batch.following import Follower
from sr_batch.batch.job import ALREADY_DONE, EDITED, LARGE_ENOUGH, Job, Notify
from sr_batch.batch.loading import LoadedFile, Loader
from sr_batch.batch.memory_gate import MemoryGate
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.overwrite_guard import OutputTaken, OverwriteGuard, Recipes
from sr_batch.batch.sidecars import copy_sidecars, has_new_sidecar
from sr_batch.batch.tile_file import TileFile
from sr_batch.batch.verify import require_same_pictures
from sr_batch.core.cpu import cores
from sr_batch.core.errors import BadOutput, Stopped, about
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Planned, Skipped
from sr_batch.core.target_size import MAX_SCALE
from sr_batch.files.atomic_write import imitate, write_output
from sr_batch.files.part_file import part_file
from sr_batch.files.reading import (
    PIPE,
    content_hash,
    display_name,
    most_bytes,
    read_source,
    stamp_of,
)
from sr_batch.upscaling.auto_upscaler import AutoUpscaler, Chosen
from sr_batch.upscaling.upscaler import Upscaled

_BYTES_IN_FLIGHT = 1 << 30


@dataclass(frozen=True)
class _Work:
    """An input that is to be enlarged.

    Attributes:
        job: Names input and output.
        name: Of the input, for messages.
        data: The bytes of the input.
        header: Of the input.
        kind: Format of the output.
        sizes: Of the output's pictures.
        guard: Protects other files from the output.
        tiles: Keeps finished tiles if the run is stopped; None if none can be kept.
        upscaler: What enlarges it.
        choice: With ``--model auto``, the chosen upscaler.
    """

    job: Job
    name: str
    data: bytes
    header: codec.Header
    kind: str
    sizes: tuple[Size, ...]
    guard: OverwriteGuard
    tiles: TileFile | None
    upscaler: Enlarger
    choice: Chosen | None = None


class ImageWorker:
    """Carries out jobs, each in a thread of the caller's.

    The memory that the images in flight use together is limited.
    """

    def __init__(
        self,
        upscaler: Enlarger,
        options: UpscaleOptions,
        progress: Callable[[int], None],
        halt: threading.Event,
        load: Loader,
        notify: Notify,
        ledgers: Mapping[Path, Ledger],
        follower: Follower,
    ) -> None:
        self._upscaler = upscaler
        self._options = options
        self._progress = progress
        self._halt = halt
        self._load = load
        self._notify = notify
        self._gate = MemoryGate(_BYTES_IN_FLIGHT)
        self._ledgers = dict(ledgers)
        self._follower = follower
        self._outdated: set[Path] = set()
        self._lock = threading.Lock()

    def __call__(self, job: Job) -> Done | Skipped:
        """Make the output of ``job``, unless it exists already or another file has its place.

        Raises:
            Stopped: ``halt`` was set; nothing was written.
            ImageError: this image cannot be read, enlarged or written.
            StorageError: the disk takes no more outputs.
        """
        started = time.perf_counter()
        name, data = self._read(job)
        with self._load(data, name, self._options.max_pixels) as file:
            work = self._decide(job, name, data, file.header)
            if isinstance(work, Skipped):
                if work.reason in (ALREADY_DONE, EDITED):
                    size = self._upscaler.output_size(file.header.size)
                    self._tell_sidecars(job, file.header, size)
                return work
            with self._gate.hold(_peak_bytes(work, self._options.verify)):
                work = self._chosen(work)
                encoded, notes = self._encode(work, file)
                self._verify(work, encoded)
        notes += self._store(work, encoded)
        if work.tiles:
            work.tiles.remove()
        return self._done(work, notes, time.perf_counter() - started)

    def copy_late_sidecars(self, job: Job) -> Skipped:
        """Copy sidecars of a finished picture that are new or have changed.

        An output that no longer exists is not made again, and gets no sidecar.

        Raises:
            ImageError: the input or the output cannot be read.
            StorageError: the disk is full or failing.
        """
        finished = Skipped(str(job.source), str(job.target), ALREADY_DONE)
        missing = stamp_of(job.target) is None
        if missing or not has_new_sidecar(job.source, job.target, self._ledger(job)):
            return finished
        name, data = self._read(job)
        with self._load(data, name, self._options.max_pixels) as file:
            most = round(file.header.pixels * MAX_SCALE**2)  # the settings may be others now
            self._tell_sidecars(job, file.header, self._size_of(job.target, most))
        return finished

    def preview(self, job: Job) -> Planned | Skipped:
        """What a call would do and cost. Raises the errors that are known before the work."""
        name, data = self._read(job)
        with self._load(data, name, self._options.max_pixels) as file:
            work = self._decide(job, name, data, file.header)
        return work if isinstance(work, Skipped) else self._planned(self._chosen(work))

    def _read(self, job: Job) -> tuple[str, bytes]:
        """The name of the input for messages, and its bytes."""
        self._require_going()
        name = display_name(job.source)
        return name, read_source(job.source, most_bytes(self._options.max_pixels))

    def _decide(self, job: Job, name: str, data: bytes, header: codec.Header) -> _Work | Skipped:
        """Find out whether there is anything to do, and refuse what cannot be done."""
        with about(name):
            if self._options.goal.leaves(header.size):
                return Skipped(str(job.source), None, LARGE_ENOUGH)
            sizes = tuple(self._upscaler.output_size(size) for size in header.sizes)
        kind = header.format if job.format == "keep" else job.format
        guard = self._guard(job, data, kind)
        if guard.is_done:
            return Skipped(str(job.source), str(job.target), ALREADY_DONE)
        if guard.is_edited:
            return Skipped(str(job.source), str(job.target), EDITED)
        codec.require_holds(header, kind, name)
        for size in sizes:
            codec.require_fits(size, kind, name)
        try:
            guard.require_replaceable(kind, sizes, self._load)
        except OutputTaken:
            if self._options.existing != "skip":
                raise
            return Skipped(str(job.source), str(job.target), "another file has its name")
        if guard.is_outdated:
            self._tell_outdated(job.root)
        tiles = self._tile_file(job, name, header)
        return _Work(job, name, data, header, kind, sizes, guard, tiles, self._upscaler)

    def _chosen(self, work: _Work) -> _Work:
        """With ``--model auto``, the upscaler that suits the first picture of the file.

        The file is opened once more, because its pictures can be decoded only once.
        """
        if not isinstance(self._upscaler, AutoUpscaler):
            return work
        with self._load(work.data, work.name, self._options.max_pixels) as file:
            chosen = self._upscaler.chosen_for(next(file.pages()))
        work.guard.made_by(self._recipes(work.kind, chosen.upscaler))
        return replace(work, upscaler=chosen.upscaler, choice=chosen)

    def _tell_outdated(self, root: Path) -> None:
        """Say once for each folder that outputs of inputs that are not new are replaced."""
        with self._lock:
            if root in self._outdated:
                return
            self._outdated.add(root)
        self._notify(
            f"{display_name(root)} has outputs of another model or other settings, which are made"
            " again; to keep them, give the options that made them, or another folder with -o"
        )

    def _encode(self, work: _Work, file: LoadedFile) -> tuple[bytes, tuple[str, ...]]:
        """Decode, enlarge and encode the pictures of ``file``; the output and its notes."""
        self._require_going()
        self._follower.begun(work.job, work.header.sizes, work.kind)
        options = self._options
        pictures = EnlargedPictures(file.pages(), partial(self._enlarge, work))
        encoded = codec.encode_pages(pictures, work.kind, options.quality, options.png_effort)
        notes = (work.choice.note,) if work.choice else ()
        return encoded, (*notes, *pictures.notes)

    def _enlarge(self, work: _Work, page: Image) -> Upscaled:
        metadata = codec.kept(page.metadata, self._options.metadata)
        page = replace(page, metadata=metadata)
        count = partial(self._count, self._follower.computed, work.job)
        enlarged = work.upscaler(page, work.name, count, self._halt, work.tiles)
        lost = codec.losses(enlarged.image, work.kind)
        return replace(enlarged, notes=(*enlarged.notes, *lost))

    def _count(self, tell: Callable[[Job, int], None], job: Job, pixels: int) -> None:
        tell(job, pixels)
        self._progress(pixels)

    def _tile_file(self, job: Job, name: str, header: codec.Header) -> TileFile | None:
        """Where finished tiles are kept; not for animations and several pages, or unrecorded."""
        if PIPE in (job.root, job.target) or len(header.sizes) > 1:
            return None
        threads = self._options.jobs or cores()
        restored = partial(self._count, self._follower.restored, job)
        return TileFile(job, name, threads, restored, self._notify)

    def _verify(self, work: _Work, encoded: bytes) -> None:
        """With ``--verify``, decode input and output again and compare them."""
        if not self._options.verify:
            return
        limit, bound = self._options.max_pixels, work.upscaler.bound
        with self._load(work.data, work.name, limit) as file, about(work.name):
            require_same_pictures(encoded, work.sizes, file.pages(), bound)

    def _store(self, work: _Work, encoded: bytes) -> tuple[str, ...]:
        """Write the output; notes on what could not be done beside it."""
        job, policy, digest = work.job, self._options.metadata, content_hash(encoded)
        work.guard.require_same(digest)
        if job.target == PIPE:
            write_output(PIPE, encoded)
            return ()
        with part_file(job.target, len(encoded)) as part:
            part.write(encoded)
            if self._options.verify and part.path.read_bytes() != encoded:
                raise BadOutput(f"{work.name}: the disk did not give back what was written")
            notes: tuple[str, ...] = ()
            if job.source != PIPE:
                notes += imitate(part.path, job.source, times=policy != "strip")
            part.sync()
            # Sidecars first: once an output has its name, no later run comes back to them.
            notes += self._sidecars(job, work.header, work.sizes[0])
            work.guard.require_unchanged(digest)
            work.guard.record(digest)
            work.guard.require_unchanged(digest)  # recording waits for the disk
            part.take_name()
        return notes

    def _sidecars(self, job: Job, header: codec.Header, size: Size) -> tuple[str, ...]:
        """Copy the sidecars for an output of ``size``. Returns notes on those not copied."""
        ledger = None if job.root == PIPE else self._ledger(job)
        policy = self._options.metadata
        return copy_sidecars(job.source, job.target, header, size, policy, ledger)

    def _tell_sidecars(self, job: Job, header: codec.Header, size: Size) -> None:
        for note in self._sidecars(job, header, size):
            self._notify(note)

    def _size_of(self, output: Path, most_pixels: int) -> Size:
        data = read_source(output, most_bytes(most_pixels))
        with self._load(data, display_name(output), most_pixels) as file:
            return file.header.size

    def _done(self, work: _Work, notes: tuple[str, ...], seconds: float) -> Done:
        return Done(
            input=str(work.job.source),
            output=str(work.job.target),
            seconds=seconds,
            input_size=work.header.size,
            output_size=work.sizes[0],
            model=work.upscaler.model,
            scale=self._options.goal.factor(work.header.size),
            provider=work.upscaler.provider,
            notes=notes,
            precision=work.upscaler.precision(work.header.size),
        )

    def _planned(self, work: _Work) -> Planned:
        header = work.header
        return Planned(
            input=str(work.job.source),
            output=str(work.job.target),
            input_size=header.size,
            output_size=work.sizes[0],
            model=work.upscaler.model,
            precision=work.upscaler.precision(header.size),
            passes=work.upscaler.passes(header.size),
            seconds=sum(work.upscaler.seconds(size) for size in header.sizes),
            bytes=sum(codec.likely_bytes(size, work.kind) for size in work.sizes),
            choice=work.choice.reason if work.choice else "",
        )

    def _require_going(self) -> None:
        if self._halt.is_set():
            raise Stopped

    def _recipes(self, kind: str, upscaler: Enlarger) -> Recipes:
        """Hashes of everything but the input that the bytes of an output depend on."""
        rest = f"{kind}\n{self._options.encoding_recipe(kind)}"
        own, *equal = (
            content_hash(f"{pixels}\n{rest}".encode())
            for pixels in (upscaler.recipe, *upscaler.equal_recipes)
        )
        return Recipes(own, frozenset(equal))

    def _guard(self, job: Job, data: bytes, kind: str) -> OverwriteGuard:
        ledger, recipes = self._ledger(job), self._recipes(kind, self._upscaler)
        return OverwriteGuard(job, ledger, content_hash(data), recipes, self._options.existing)

    def _ledger(self, job: Job) -> Ledger:
        with self._lock:
            return self._ledgers.setdefault(job.root, Ledger(job.root, self._notify))


def _peak_bytes(work: _Work, twice: bool) -> int:
    """Memory that a job needs at its peak: the file, all that is decoded, all that is enlarged.

    The last counts ``twice`` if it is decoded again.
    """
    decoded = work.header.decoded_bytes
    enlarged = decoded * work.sizes[0].pixels // work.header.size.pixels
    return len(work.data) + decoded + enlarged * (2 if twice else 1)
