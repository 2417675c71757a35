"""``--isolate``: image files are opened in other processes, so that a bad one fails alone.

A file may crash, hang or bloat the code that reads it. Its header and its pictures are therefore
read by a decoder process. This process looks at the first bytes, to tell the kind of a file, at the
metadata that it writes into the output, and at outputs, which it made itself. It is no sandbox: a
decoder process has all rights of this one, and its answers are believed.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

from sr_batch import codec
from sr_batch.batch.decoder_client import DecoderClient
from sr_batch.batch.decoder_process import Answer, Decode, Limits, Open, Request
from sr_batch.batch.loading import Loader, load_file
from sr_batch.core.errors import about
from sr_batch.core.image import Image

_SECONDS = 30.0
_SECONDS_PER_PIXEL = 1e-6
_MEMORY = 256 << 20  # thread stacks, tables, buffers: all that does not grow with the picture
_MEMORY_PER_BYTE = 8
_MEMORY_PER_DECODED_BYTE = 12
_MOST_DECODED_BYTES_PER_PIXEL = 8  # RGBA of 16 bit


def loader(isolate: bool, stop: threading.Event) -> AbstractContextManager[Loader]:
    """The `Loader` for a run: a `DecoderPool` that ends with the block, or this process itself."""
    return DecoderPool(stop) if isolate else nullcontext(load_file)


class DecoderPool:
    """A `Loader` that opens files in decoder processes, one for every file that is open.

    A process is started when it is needed, serves one file after the other, and is replaced if it
    ended. Every header and every picture has a deadline, for a picture by its size, and on Linux a
    memory limit. The pool is thread-safe. Leaving its context ends the processes. They also end if
    this process is killed, and they ignore the signals that it reacts to.

    Args:
        stop: Once set, requests in flight are dropped.
        open_file: The function that the processes call, as ``module:function``. Its arguments are
            those of `codec.open_file`.
        seconds: The deadline for a header and for the smallest picture.
    """

    def __init__(
        self,
        stop: threading.Event,
        open_file: str = "sr_batch.codec:open_file",
        seconds: float = _SECONDS,
    ) -> None:
        self._stop = stop
        self._open_file = open_file
        self._seconds = seconds
        self._idle: list[DecoderClient] = []
        self._is_open = True
        self._lock = threading.Lock()

    def __enter__(self) -> "DecoderPool":
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open = False
        self.release()

    def release(self) -> None:
        """End the processes that serve no file now. New ones are started when they are needed."""
        with self._lock:
            idle, self._idle = self._idle, []
        for decoder in idle:
            decoder.close()

    @contextmanager
    def __call__(self, data: bytes, name: str, max_pixels: int) -> Iterator["_IsolatedFile"]:
        """Open a file as `codec.open_file` does. Its process serves no other file meanwhile.

        Raises:
            Stopped: the stop event was set.
            UnreadableImage: among other reasons, the decoder crashed, or took too much time or
                memory.
            SrBatchError: no process can be started.
        """
        with ExitStack() as stack:
            decoder = stack.enter_context(self._borrowed())
            limits = Limits(self._seconds, _MEMORY + len(data) * _MEMORY_PER_BYTE)
            header = _ask(decoder, Open(data, name, max_pixels, limits), name)
            assert isinstance(header, codec.Header)
            limits = _picture_limits(header, len(data), self._seconds)
            yield _IsolatedFile(header, name, decoder, limits, stack.close)

    @contextmanager
    def _borrowed(self) -> Iterator[DecoderClient]:
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

    def _take(self) -> DecoderClient:
        while True:
            with self._lock:
                decoder = self._idle.pop() if self._idle else None
            if decoder is None:
                return DecoderClient(self._open_file, self._stop)
            if decoder.is_alive:
                return decoder
            decoder.close()


@dataclass(frozen=True)
class _IsolatedFile:
    """A file that is open in a decoder process; ``release`` gives the process back to the pool."""

    header: codec.Header
    name: str
    decoder: DecoderClient
    limits: Limits
    release: Callable[[], None]

    def pages(self) -> Iterator[Image]:
        """As of `codec.OpenedFile`. The process is free again once the last one is decoded."""
        for number in range(len(self.header.sizes), 0, -1):
            page = _ask(self.decoder, Decode(self.limits), self.name)
            assert isinstance(page, Image)
            if number == 1:
                self.release()
            yield page


def _ask(decoder: DecoderClient, request: Request, name: str) -> Answer:
    with about(name):
        answer = decoder.ask(request)
    if isinstance(answer, Exception):
        raise answer
    return answer


def _picture_limits(header: codec.Header, file_bytes: int, seconds: float) -> Limits:
    """Generous limits, from the size of the largest picture; only one is decoded at a time."""
    pixels = max(size.pixels for size in header.sizes)
    decoded = min(header.decoded_bytes, pixels * _MOST_DECODED_BYTES_PER_PIXEL)
    return Limits(
        seconds=seconds + pixels * _SECONDS_PER_PIXEL,
        memory=_MEMORY + file_bytes * _MEMORY_PER_BYTE + decoded * _MEMORY_PER_DECODED_BYTE,
    )
