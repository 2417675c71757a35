"""The program of a decoder process: files come in on standard input, their pictures go out.

It loads the codec and no inference. :mod:`sr_batch.batch.decoder_pool` starts it and asks: an
`Order` is answered with the first picture of a file, ``NEXT`` with the one behind it, and
``FORGET`` with nothing. Instead of a picture there may be what `codec.read_pages` raised.
"""

import errno
import os
import pickle
import queue
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from pkgutil import resolve_name
from typing import IO, Any, Literal, cast

from sr_batch import codec
from sr_batch.core.image import Image

if sys.platform != "win32":
    import resource

NEXT: Literal["next"] = "next"
FORGET: Literal["forget"] = "forget"


@dataclass(frozen=True)
class Limits:
    """What one picture may take.

    Attributes:
        seconds: That it is waited for.
        memory: Bytes on top of what the process has before.
    """

    seconds: float
    memory: int


@dataclass(frozen=True)
class Order:
    """A file to decode, as for `codec.read_pages`, and the limits for each of its pictures."""

    data: bytes
    name: str
    max_pixels: int
    limits: Limits


Request = Order | Literal["next", "forget"]
Requests = queue.SimpleQueue[Request]
Reply = Image | Exception
Decode = Callable[[bytes, str, int], Iterator[Image]]


def send(file: IO[bytes], value: object) -> None:
    """Write ``value`` as a pickle; the pixels in it follow as they are, without a copy."""
    buffers: list[pickle.PickleBuffer] = []
    parts: list[bytes | memoryview] = [pickle.dumps(value, 5, buffer_callback=buffers.append)]
    parts += [buffer.raw() for buffer in buffers]
    file.write(struct.pack(f"<{len(parts) + 1}Q", len(parts), *map(len, parts)))
    for part in parts:
        file.write(part)
    file.flush()


def receive(file: IO[bytes]) -> Any:
    """What `send` wrote at the other end.

    Raises:
        EOFError: there is nobody there any more.
    """
    (count,) = struct.unpack("<Q", _read(file, 8))
    lengths = struct.unpack(f"<{count}Q", _read(file, 8 * count))
    head, *buffers = (_read(file, length) for length in lengths)
    return pickle.loads(head, buffers=buffers)


def main() -> None:
    """Serve until standard input ends. The only argument is the decoding function, as ``a.b:c``."""
    _offer_to_the_killer()
    replies = _replies()
    requests: Requests = queue.SimpleQueue()
    # Before anything is loaded, which takes seconds on a busy machine: the parent may be gone.
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    code = 1
    try:
        decode = resolve_name(sys.argv[1])
        codec.preload()
        send(replies, "ready")
        _serve(decode, requests, replies)
    except MemoryError:
        code = errno.ENOMEM
    finally:
        os._exit(code)  # the other thread is in the midst of reading, and would be waited for


def _offer_to_the_killer() -> None:
    """Where Linux runs out of memory it is to end this process, not the run."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _replies() -> IO[bytes]:
    """Standard output for us alone: what a library prints must not be taken for a picture."""
    file = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return file


def _listen(requests: Requests) -> None:
    """Pass requests on. When the parent is gone so is this process, whatever it is decoding."""
    try:
        while True:
            requests.put(receive(sys.stdin.buffer))
    finally:
        os._exit(0)


def _serve(decode: Decode, requests: Requests, replies: IO[bytes]) -> None:
    limits = Limits(0, 0)
    pages: Iterator[Image] = iter(())
    while True:
        request = requests.get()
        if isinstance(request, Order):
            limits = request.limits
            pages = decode(request.data, request.name, request.max_pixels)
        if request == FORGET:
            pages = iter(())
        else:
            send(replies, _next(pages, limits))
        del request  # it holds a whole file


def _next(pages: Iterator[Image], limits: Limits) -> Reply:
    """The next picture, or what went wrong. After a MemoryError this process is of no more use."""
    try:
        with held_to(limits):
            return next(pages)
    except MemoryError:
        raise
    except Exception as fault:
        return fault


@contextmanager
def held_to(limits: Limits) -> Iterator[None]:
    """Make the system hold this process to ``limits``.

    The time is that of the processor, and doubled: the parent ends what is late, and this is for
    the case that it is gone and a library keeps the interpreter's lock. Memory is limited under
    Linux alone, and under Windows neither.
    """
    if sys.platform == "win32":
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if sys.platform == "linux":
        most = _data_bytes() + limits.memory
        least = most if before[0] == resource.RLIM_INFINITY else min(most, before[0])
        resource.setrlimit(resource.RLIMIT_DATA, (least, before[1]))
    signal.setitimer(signal.ITIMER_PROF, limits.seconds * 2)  # its signal kills
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _data_bytes() -> int:
    """What Linux counts towards RLIMIT_DATA: private memory that can be written."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[5]
    return int(pages) * resource.getpagesize()


def _read(file: IO[bytes], count: int) -> bytearray:
    data = bytearray(count)
    if cast(BufferedReader, file).readinto(data) < count:
        raise EOFError
    return data
