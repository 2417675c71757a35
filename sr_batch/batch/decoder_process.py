"""The program of a decoder process: it reads files from standard input and writes their pictures.

It imports the codec, but not the inference packages. :mod:`sr_batch.batch.decoder_client` starts
it and sends requests. The answer to `Open` is the header of a file, the answer to each `Decode` is
the next picture of that file. `FORGET` has no answer. If reading or decoding raises an exception,
the exception is the answer.
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
from sr_batch.batch.loading import LoadedFile
from sr_batch.core.image import Image

if sys.platform != "win32":
    import resource

FORGET: Literal["forget"] = "forget"


@dataclass(frozen=True)
class Limits:
    """What one answer may take.

    Attributes:
        seconds: How long the parent waits for it.
        memory: Bytes on top of what the process uses already.
    """

    seconds: float
    memory: int


@dataclass(frozen=True)
class Open:
    """Read the header of a file. ``data``, ``name`` and ``max_pixels`` as for `codec.open_file`."""

    data: bytes
    name: str
    max_pixels: int
    limits: Limits


@dataclass(frozen=True)
class Decode:
    """Decode the next picture of the open file."""

    limits: Limits


Request = Open | Decode
Requests = queue.SimpleQueue[Request | Literal["forget"]]
Answer = codec.Header | Image | Exception
OpenFile = Callable[[bytes, str, int], LoadedFile]


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
        EOFError: the other end is closed.
    """
    (count,) = struct.unpack("<Q", _read(file, 8))
    lengths = struct.unpack(f"<{count}Q", _read(file, 8 * count))
    head, *buffers = (_read(file, length) for length in lengths)
    return pickle.loads(head, buffers=buffers)


def main() -> None:
    """Answer requests until standard input ends.

    The only argument names the function that opens files, as ``module:function``.
    """
    _let_linux_kill_this_process_first()
    answers = _answers()
    requests: Requests = queue.SimpleQueue()
    # First of all, as imports take seconds on a busy machine: the parent may end meanwhile.
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    code = 1
    try:
        open_file = resolve_name(sys.argv[1])
        codec.preload()
        send(answers, "ready")
        _serve(open_file, requests, answers)
    except MemoryError:
        code = errno.ENOMEM
    finally:
        os._exit(code)  # a normal exit would wait for the other thread, which is reading


def _let_linux_kill_this_process_first() -> None:
    """When Linux runs out of memory, it should kill this process and not the run."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _answers() -> IO[bytes]:
    """Standard output, for answers only: output of a library must not be taken for a picture."""
    file = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return file


def _listen(requests: Requests) -> None:
    """Queue the requests. When the parent ends, end this process, even while it decodes."""
    try:
        while True:
            requests.put(receive(sys.stdin.buffer))
    finally:
        os._exit(0)


def _serve(open_file: OpenFile, requests: Requests, answers: IO[bytes]) -> None:
    pages: Iterator[Image] = iter(())
    while True:
        # The request is not kept here: it holds the bytes of a whole file.
        pages = _answer(requests.get(), pages, open_file, answers)


def _answer(
    request: Request | Literal["forget"],
    pages: Iterator[Image],
    open_file: OpenFile,
    answers: IO[bytes],
) -> Iterator[Image]:
    """Answer one request. Returns the pictures of the open file that are not decoded yet.

    Raises:
        MemoryError: the limit was reached; this process must not be used again.
    """
    if not isinstance(request, Open | Decode):
        return iter(())
    answer: Answer
    try:
        with held_to(request.limits):
            if isinstance(request, Open):
                file = open_file(request.data, request.name, request.max_pixels)
                answer, pages = file.header, file.pages()
            else:
                answer = next(pages)
    except MemoryError:
        raise
    except Exception as fault:
        answer = fault.with_traceback(None)  # a traceback would keep the file in memory
    send(answers, answer)
    return pages


@contextmanager
def held_to(limits: Limits) -> Iterator[None]:
    """Let the system enforce ``limits`` on this process.

    The timer counts processor time and allows twice the seconds. The parent kills a process that is
    late; the timer is for a process whose parent has ended while a library holds the interpreter's
    lock. The memory limit works on Linux only. On Windows nothing is limited.
    """
    if sys.platform == "win32":
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if sys.platform == "linux":
        wanted = _data_bytes() + limits.memory
        allowed = wanted if before[0] == resource.RLIM_INFINITY else min(wanted, before[0])
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, before[1]))
    signal.setitimer(signal.ITIMER_PROF, limits.seconds * 2)  # its signal ends the process
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _data_bytes() -> int:
    """The memory that Linux counts towards RLIMIT_DATA: private and writable."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[5]
    return int(pages) * resource.getpagesize()


def _read(file: IO[bytes], count: int) -> bytearray:
    data = bytearray(count)
    if cast(BufferedReader, file).readinto(data) < count:
        raise EOFError
    return data
