"""Decoding in processes of their own: what crashes, hangs or bloats a decoder costs one file.

Only decoding is kept apart. Headers are read in this process, by our own code that is bounded in
time and memory; of foreign code there are Pillow's Python for BMP, and brotli and zlib for packed
words. Our own outputs are checked here, too. It is no sandbox: a decoder process has all rights of
this one, and its answers are believed.
"""

import errno
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from sr_batch import codec
from sr_batch.batch.decoder_process import (
    FORGET,
    NEXT,
    Limits,
    Order,
    Reply,
    Request,
    receive,
    send,
)
from sr_batch.batch.image_job import Loader
from sr_batch.core.errors import SrBatchError, UnreadableImage, about
from sr_batch.core.image import Image
from sr_batch.upscaling.tile_pool import Stopped

_SECONDS = 30.0
_SECONDS_PER_PIXEL = 1e-6
_MEMORY = 256 << 20  # stacks of threads, tables, buffers: what does not grow with the picture
_MEMORY_PER_BYTE = 8
_MEMORY_PER_DECODED_BYTE = 12
_MOST_DECODED_BYTES_PER_PIXEL = 8  # RGBA of 16 bit

_NO_START = "no process that decodes can be started ({}): see sr-batch doctor, or use --no-isolate"
_TICK = 0.1  # seconds between two looks at the stop event
_PROGRAM = "from sr_batch.batch.decoder_process import main; main()"
_ENVIRONMENT = {
    # Several files are decoded at once: threads inside of each would only cost their stacks.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    # glibc would give memory back after every picture; getting it again takes longer than a JPEG.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}


def loader(isolate: bool, stop: threading.Event) -> AbstractContextManager[Loader]:
    """What decodes for the engine: `Decoders`, or this process itself."""
    return Decoders(stop) if isolate else nullcontext(codec.read_pages)


class Decoders:
    """A `Loader` whose work is done by processes, as many as files are decoded at the same time.

    A process is started when it is needed, serves one file after the other, and is replaced when
    it ended. There is a deadline for every picture, by its size, and, under Linux, a limit of
    memory. Thread-safe; a context manager that ends the processes. They end by themselves if this
    process is killed, and do not hear the signals that it answers.

    Args:
        stop: Once set, what is being decoded is dropped.
        decode: What they call, as ``module:function``, with the arguments of a `Loader`.
        seconds: That the smallest picture may take.
    """

    def __init__(
        self,
        stop: threading.Event,
        decode: str = "sr_batch.codec:read_pages",
        seconds: float = _SECONDS,
    ) -> None:
        self._stop = stop
        self._decode = decode
        self._seconds = seconds
        self._idle: list[_Decoder] = []
        self._is_open = True
        self._lock = threading.Lock()

    def __enter__(self) -> "Decoders":
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_open = False
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.close()

    def __call__(self, data: bytes, name: str, max_pixels: int) -> Iterator[Image]:
        """Decode a file as `codec.read_pages` does.

        Raises:
            Stopped: before it was decoded.
            UnreadableImage: among other reasons, its decoder crashed, or took too much time or
                memory.
            SrBatchError: no process can be started.
        """
        header = codec.read_header(data, name, max_pixels)
        order = Order(data, name, max_pixels, _limits(header, len(data), self._seconds))
        with self._borrowed() as decoder:
            page = _picture(decoder, order, order)
            for _ in header.sizes[1:]:
                yield page
                page = _picture(decoder, NEXT, order)
        yield page  # the last one keeps no process waiting

    @contextmanager
    def _borrowed(self) -> Iterator["_Decoder"]:
        decoder = self._take()
        try:
            yield decoder
        finally:
            with self._lock:
                keep = self._is_open and decoder.forget()
                if keep:
                    self._idle.append(decoder)
            if not keep:
                decoder.close()

    def _take(self) -> "_Decoder":
        while True:
            with self._lock:
                decoder = self._idle.pop() if self._idle else None
            if decoder is None:
                return _Decoder(self._decode, self._stop)
            if decoder.is_alive:
                return decoder
            decoder.close()


class _Decoder:
    """One process, asked by one thread at a time."""

    def __init__(self, decode: str, stop: threading.Event) -> None:
        self._stop = stop
        self._killed_for: Exception | None = None
        self._in_step = False  # every request was answered
        self._process = _start(decode)
        assert self._process.stdin and self._process.stdout
        self._requests, self._replies = self._process.stdin, self._process.stdout
        try:
            receive(self._replies)
        except EOFError as fault:
            code = self._process.wait()
            self.close()
            raise SrBatchError(_NO_START.format(f"exit code {code}")) from fault

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: Request, limits: Limits) -> Reply:
        """The next picture, or what decoding it raised.

        Raises:
            Stopped: the stop event was set.
            UnreadableImage: the process ended instead; without a file name.
        """
        self._in_step = False
        try:
            with self._watched(limits.seconds):
                send(self._requests, request)
                reply: Reply = receive(self._replies)
        except (OSError, EOFError) as fault:
            raise self._killed_for or _end(self._process.wait(), limits) from fault
        self._in_step = True
        return reply

    def forget(self) -> bool:
        """Let go of the file in work; whether the process is good for another one."""
        try:
            send(self._requests, FORGET)
        except OSError:
            return False
        return self._in_step and not self._killed_for

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        with suppress(OSError):  # of what it was not sent
            self._requests.close()
        self._replies.close()
        self._process.wait()

    @contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        answered = threading.Event()
        watch = threading.Thread(target=self._watch, args=(answered, seconds), daemon=True)
        watch.start()
        try:
            yield
        finally:
            answered.set()
            watch.join()

    def _watch(self, answered: threading.Event, seconds: float) -> None:
        """Kill the process when it is late or the run is stopped."""
        for _ in range(math.ceil(seconds / _TICK)):  # not by the clock: a run may be suspended
            if answered.wait(_TICK):
                return
            if self._stop.is_set():
                self._kill(Stopped())
                return
        self._kill(
            UnreadableImage(
                f"its decoder took longer than {seconds:.3g} s; --no-isolate sets no limit"
            )
        )

    def _kill(self, reason: Exception) -> None:
        self._killed_for = reason
        self._process.kill()


def _picture(decoder: _Decoder, request: Request, order: Order) -> Image:
    with about(order.name):
        reply = decoder.ask(request, order.limits)
    if isinstance(reply, Exception):
        raise reply
    return reply


def _end(code: int, limits: Limits) -> UnreadableImage:
    """What it means that a process ended with ``code`` instead of an answer."""
    if code == errno.ENOMEM:
        return UnreadableImage(
            f"its decoder needed more than {limits.memory >> 20} MiB; --no-isolate sets no limit"
        )
    how = f"signal {-code}: {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"
    return UnreadableImage(
        f"its decoder crashed ({how}); open it in another program and save it anew"
    )


def _limits(header: codec.Header, file_bytes: int, seconds: float) -> Limits:
    """Generous ones, from what the header says of the largest picture; pages come one by one."""
    pixels = max(size.pixels for size in header.sizes)
    decoded = min(header.decoded_bytes, pixels * _MOST_DECODED_BYTES_PER_PIXEL)
    return Limits(
        seconds=seconds + pixels * _SECONDS_PER_PIXEL,
        memory=_MEMORY + file_bytes * _MEMORY_PER_BYTE + decoded * _MEMORY_PER_DECODED_BYTE,
    )


def _start(decode: str) -> "subprocess.Popen[bytes]":
    """A new interpreter that finds what this one finds, and looks for nothing in this folder."""
    try:
        with _signals_blocked():
            return subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, decode],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | _ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(sys.path)},
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
    except OSError as fault:
        raise SrBatchError(_NO_START.format(fault.strerror)) from fault


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """What is started in the block never gets the signals that ask a run to stop.

    A terminal sends them to all processes of a command; only this one is to answer.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
