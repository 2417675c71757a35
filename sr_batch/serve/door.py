"""All that a server holds, and what its routes do with it. Nothing here knows HTTP's routes."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from sr_batch import codec
from sr_batch.batch.decoder_pool import DecoderPool
from sr_batch.batch.enlarge_file import Outline
from sr_batch.batch.memory_gate import MemoryGate
from sr_batch.core.errors import SrBatchError, Stopped, UsageError
from sr_batch.core.geometry import Region
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.serve.client_options import JobOptions, parse_options, truth
from sr_batch.serve.events import Events
from sr_batch.serve.job import Job
from sr_batch.serve.names import clean_name
from sr_batch.serve.planning import plan, read_header
from sr_batch.serve.problems import Problem, problem_of
from sr_batch.serve.queue import Queue
from sr_batch.serve.settings import ServeOptions
from sr_batch.serve.store import Store, StoredFile
from sr_batch.serve.views import (
    MOST_COMPARED,
    MOST_SIDE,
    Pictures,
    by_bicubic,
    compared,
    compared_bytes,
    part_of,
    view,
)
from sr_batch.serve.work import Workers
from sr_batch.upscaling.upscaler_pool import UpscalerPool

BICUBIC = "bicubic"
MOST_NETWORKS = 6  # in memory when nobody uses them
_BYTES_IN_FLIGHT = 1 << 30
_TIDY = 10.0  # seconds between two looks for what is old or idle


@dataclass(frozen=True)
class Part:
    """A part of a picture, in its pixels; a side that is None reaches to the border."""

    left: int = 0
    top: int = 0
    width: int | None = None
    height: int | None = None


class Door:
    """Queue, files, networks and streams of one server. Use as a context manager. Thread-safe.

    Args:
        options: Limits of the server.
        base: The options of a job that states none; device, jobs and max_pixels for all.
        notify: Receives lines about networks, as `Upscaler` does.
        folder: Where the private folder is made; that for temporary files if None.
    """

    def __init__(
        self,
        options: ServeOptions,
        base: UpscaleOptions,
        notify: Callable[[str], None],
        folder: Path | None = None,
    ) -> None:
        self.options = options
        self.base = base
        self.events = Events()
        self.queue = Queue(self.events.changed)
        self.store = Store(options.quota_bytes, folder)
        self._stop = threading.Event()
        self._load = DecoderPool(self._stop)
        self._gate = gate = MemoryGate(_BYTES_IN_FLIGHT)
        self._pictures = Pictures(self._load, gate)
        self._pool = UpscalerPool(notify, base.jobs, MOST_NETWORKS)
        self._workers = Workers(self.queue, self.store, self._pool, gate, base.jobs)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for each in (self.store, self._load):
            self._stack.enter_context(each)
        self._stack.callback(self._pool.close)
        self._stack.enter_context(self._workers)
        threading.Thread(target=self._keep_tidy, name="tidy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._stack.close()

    def stop(self) -> None:
        """End streams and work; returns at once."""
        self._stop.set()
        self.events.close()
        self.queue.close()

    def tidy(self) -> None:
        """Delete what is older than ``--keep``, close networks that idle longer than ``--idle``."""
        self.queue.forget_older(self.options.keep * 60)
        idle = self.options.idle * 60
        self._pool.release(idle)
        if self.queue.idle_seconds() >= idle:
            self._workers.release()
        if self._pictures.idle_seconds() >= idle:
            self._pictures.forget()
            self._load.release()

    @property
    def networks(self) -> int:
        """How many are open."""
        return self._pool.networks

    # Jobs

    def accept(
        self,
        file: StoredFile,
        name: str,
        given: Mapping[str, object],
        *,
        hold: str = "",
        listed: bool = True,
        base: UpscaleOptions | None = None,
        finished: Callable[[], object] | None = None,
    ) -> Job:
        """A job for a picture that was sent. ``hold`` is the client's word for true or false.

        Raises:
            Problem: it cannot be done; ``file`` is removed.
        """
        name = clean_name(name)
        try:
            options = self.parsed(given, base or self.base)
            header = self.header(file, name)
            made = plan(header, name, options.chosen, self.options.max_output_pixels)
            job = Job(name, file, header, options, made, listed)
            if finished:
                job.finished.append(finished)
            self.queue.add(job, bool(hold) and truth("hold", hold))
        except UsageError as error:
            file.remove()
            raise problem_of(error) from error
        except BaseException:
            file.remove()
            raise
        return job

    def start(self, job_id: str, given: Mapping[str, object]) -> Job:
        """Let a job wait for its turn, with other options. Raises Problem."""
        job, options = self.queue.get(job_id), self.parsed(given, self.base)
        made = plan(job.header, job.name, options.chosen, self.options.max_output_pixels)
        return self.queue.start(job_id, options, made)

    def parsed(self, given: Mapping[str, object], base: UpscaleOptions) -> JobOptions:
        """The options that a client gave. Raises Problem (422)."""
        try:
            return parse_options(given, base)
        except SrBatchError as error:
            raise problem_of(error) from error

    # Pictures

    def header(self, file: StoredFile, name: str) -> codec.Header:
        """What is known of a picture that was sent. Raises Problem unless it can be read."""
        return read_header(file, name, self.base.max_pixels, self._load)

    def planned(self, file: StoredFile, name: str, given: Mapping[str, object]) -> Outline:
        """What would be made of a picture that was sent. Raises Problem."""
        options = self.parsed(given, self.base).chosen
        return plan(self.header(file, name), name, options, self.options.max_output_pixels)

    def decoded(self, file: StoredFile, name: str) -> Image:
        """The first picture in a file, whose header was checked before. Raises Problem."""
        most = max(self.base.max_pixels, self.options.max_output_pixels)
        try:
            return self._pictures.first(file.path, name, most)
        except SrBatchError as error:
            raise problem_of(error) from error

    def view(self, job_id: str, which: str, part: Part, most: int) -> bytes:
        """A part of the input (``before``) or of the result (``after``). Raises Problem."""
        job = self.queue.get(job_id)
        file = job.file if which == "before" else job.result
        if file is None:
            raise Problem(409, f"the job is {job.status}: it has no result yet")
        image = self.decoded(file, job.name if which == "before" else job.output)
        return view(image, self._part(image, part), most)

    def compare(
        self, job_id: str, model: str, part: Part, scale: float | None, stop: threading.Event
    ) -> bytes:
        """A part of the input, enlarged by ``model``. Raises Problem, or Stopped."""
        job = self.queue.get(job_id)
        size = job.header.size
        scale = scale or job.options.chosen.goal.factor(size)
        given = {"model": model, "scale": scale} if model != BICUBIC else {"scale": scale}
        options = self.parsed(given, self._same_but_size(job.options.chosen)).chosen
        image = self.decoded(job.file, job.name)
        region = self._part(image, part)
        if max(region.size.width, region.size.height) > MOST_COMPARED:
            raise Problem(413, f"width and height may be at most {MOST_COMPARED} for a comparison")
        if max(region.size.width, region.size.height) * scale > MOST_SIDE:
            raise Problem(413, f"the part would be larger than {MOST_SIDE} pixels a side")
        if region.size.pixels * scale**2 > self.options.max_output_pixels:
            raise Problem(413, "the part would have more pixels than this server allows")

        def enlarge(cut: Image) -> Image:
            if model == BICUBIC:
                return by_bicubic(cut, cut.size * scale)
            with self._pool.using(options) as upscaler:
                return upscaler(cut, job.name, lambda pixels: None, stop).image

        try:
            with self._gate.hold(compared_bytes(region, scale), stop):
                return compared(image, region, scale, enlarge, stop)
        except Stopped:
            raise
        except SrBatchError as error:
            raise problem_of(error) from error

    def _same_but_size(self, options: UpscaleOptions) -> UpscaleOptions:
        return replace(
            self.base,
            strength=options.strength,
            precision=options.precision,
            mode=options.mode,
            color_lock=options.color_lock,
            self_ensemble=options.self_ensemble,
        )

    def _part(self, image: Image, part: Part) -> Region:
        return part_of(image.size, part.left, part.top, part.width, part.height)

    def _keep_tidy(self) -> None:
        while not self._stop.wait(_TIDY):
            self.tidy()
