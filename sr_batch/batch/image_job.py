"""What happens to one image: read, decide, decode, enlarge, encode, store."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from sr_batch import codec
from sr_batch.batch.enlarge_file import Encoded, enlarge_file
from sr_batch.batch.enlarging import Enlarger
from sr_batch.batch.following import Follower
from sr_batch.batch.image_decision import Decider
from sr_batch.batch.image_work import Work
from sr_batch.batch.job import ALREADY_DONE, EDITED, Job, Notify
from sr_batch.batch.loading import LoadedFile, Loader
from sr_batch.batch.memory_gate import MemoryGate
from sr_batch.batch.output_ledger import Ledger, Ledgers
from sr_batch.batch.output_storage import OutputStorage
from sr_batch.batch.sidecars import has_new_sidecar
from sr_batch.batch.tile_file import TileFile
from sr_batch.batch.verify import verify_output
from sr_batch.core.cpu import cores
from sr_batch.core.errors import Stopped
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Planned, Skipped
from sr_batch.core.target_size import MAX_SCALE
from sr_batch.files.reading import PIPE, display_name, most_bytes, read_source, stamp_of

_BYTES_IN_FLIGHT = 1 << 30


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
        self._ledgers = Ledgers(ledgers, notify)
        self._decider = Decider(upscaler, options, load, notify, self._ledgers)
        self._storage = OutputStorage(options, self._ledgers)
        self._follower = follower

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
            work = self._decider.decide(job, name, data, file.header)
            if isinstance(work, Skipped):
                if work.reason in (ALREADY_DONE, EDITED):
                    size = self._upscaler.output_size(file.header.size)
                    self._tell_sidecars(job, file.header, size)
                return work
            peak = work.made.peak_bytes(len(data), self._options.verify)
            with self._gate.hold(peak, self._halt):
                work = replace(self._decider.choose(work), tiles=self._tile_file(work))
                encoded = self._encode(work, file)
                verify_output(work, encoded.data, self._load, self._options)
        notes = (*encoded.notes, *self._storage.store(work, encoded.data))
        if work.tiles:
            work.tiles.remove()
        scale = self._options.goal.factor(work.made.header.size)
        return work.done(scale, notes, time.perf_counter() - started)

    def copy_late_sidecars(self, job: Job) -> Skipped:
        """Copy sidecars of a finished picture that are new or have changed.

        An output that no longer exists is not made again, and gets no sidecar.

        Raises:
            ImageError: the input or the output cannot be read.
            StorageError: the disk is full or failing.
        """
        finished = Skipped(str(job.source), str(job.target), ALREADY_DONE)
        missing = stamp_of(job.target) is None
        if missing or not has_new_sidecar(job.source, job.target, self._ledgers.of(job.root)):
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
            work = self._decider.decide(job, name, data, file.header)
        return work if isinstance(work, Skipped) else self._decider.choose(work).planned()

    def _read(self, job: Job) -> tuple[str, bytes]:
        """The name of the input for messages, and its bytes."""
        self._require_going()
        name = display_name(job.source)
        return name, read_source(job.source, most_bytes(self._options.max_pixels))

    def _encode(self, work: Work, file: LoadedFile) -> Encoded:
        """Decode, enlarge and encode the pictures of ``file``."""
        self._require_going()
        made = work.made
        self._follower.begun(work.job, made.header.sizes, made.kind)
        count = partial(self._count, self._follower.computed, work.job)
        return enlarge_file(
            *(file, work.upscaler, self._options, made.kind, work.name),
            *(count, self._halt, work.tiles),
        )

    def _count(self, tell: Callable[[Job, int], None], job: Job, pixels: int) -> None:
        tell(job, pixels)
        self._progress(pixels)

    def _tile_file(self, work: Work) -> TileFile | None:
        """Where finished tiles are kept; not for animations and several pages, or unrecorded."""
        job = work.job
        if PIPE in (job.root, job.target) or len(work.made.sizes) > 1:
            return None
        threads = self._options.jobs or cores()
        restored = partial(self._count, self._follower.restored, job)
        return TileFile(job, work.name, threads, restored, self._notify)

    def _tell_sidecars(self, job: Job, header: codec.Header, size: Size) -> None:
        for note in self._storage.sidecars(job, header, size):
            self._notify(note)

    def _size_of(self, output: Path, most_pixels: int) -> Size:
        data = read_source(output, most_bytes(most_pixels))
        with self._load(data, display_name(output), most_pixels) as file:
            return file.header.size

    def _require_going(self) -> None:
        if self._halt.is_set():
            raise Stopped
