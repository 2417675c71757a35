"""The parent's side of one decoder process: it starts the process, asks it, and ends it.

The other side is :mod:`sr_batch.batch.decoder_process`.
"""

import errno
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sr_batch.batch.decoder_process import FORGET, Answer, Limits, Request, receive, send
from sr_batch.core.errors import SrBatchError, Stopped, UnreadableImage

_NO_START = "no decoder process can be started ({}): see sr-batch doctor, or use --no-isolate"
_STARTING = 300.0  # seconds for the start of a process on the busiest machine
_TICK = 0.1  # seconds between two checks of the stop event
_PROGRAM = "from sr_batch.batch.decoder_process import main; main()"
# Read once, before there are threads: while cv2 is imported, its own folder is on the path, and the
# modules in it hide those of Python.
_IMPORT_PATH = os.pathsep.join(sys.path)
_ENVIRONMENT = {
    # Several files are decoded at once: threads within each would only cost memory for stacks.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    # glibc would return memory after every picture; getting it again takes longer than a JPEG.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}


class DecoderClient:
    """One decoder process, used by one thread at a time.

    Args:
        open_file: The function that the process opens files with, as ``module:function``.
        stop: Once set, a request that is in flight is dropped.

    Raises:
        SrBatchError: the process cannot be started.
        Stopped: the stop event was set.
    """

    def __init__(self, open_file: str, stop: threading.Event) -> None:
        self._stop = stop
        self._killed_for: Exception | None = None
        self._in_step = False  # every request was answered
        self._process = _start(open_file)
        assert self._process.stdin and self._process.stdout
        self._requests, self._answers = self._process.stdin, self._process.stdout
        try:
            with self._watched(_STARTING):
                receive(self._answers)
        except EOFError as fault:
            code = self._process.wait()
            self.close()
            if isinstance(self._killed_for, Stopped):
                raise self._killed_for from fault
            raise SrBatchError(_NO_START.format(f"exit code {code}")) from fault

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: Request) -> Answer:
        """The answer to ``request``, which may be an exception that the process caught.

        Raises:
            Stopped: the stop event was set.
            UnreadableImage: the process ended instead; the message names no file.
        """
        self._in_step = False
        try:
            with self._watched(request.limits.seconds):
                send(self._requests, request)
                answer: Answer = receive(self._answers)
        except (OSError, EOFError) as fault:
            raise self._killed_for or _ended(self._process.wait(), request.limits) from fault
        self._in_step = True
        return answer

    def forget(self) -> bool:
        """Let the process drop the open file. Returns whether it can be used for another one."""
        try:
            send(self._requests, FORGET)
        except OSError:
            return False
        return self._in_step and not self._killed_for

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        with suppress(OSError):  # bytes that were not sent yet
            self._requests.close()
        self._answers.close()
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


def _ended(code: int, limits: Limits) -> UnreadableImage:
    """The error for a process that ended with ``code`` instead of answering."""
    if code == errno.ENOMEM:
        return UnreadableImage(
            f"its decoder needed more than {limits.memory >> 20} MiB; --no-isolate sets no limit"
        )
    how = f"signal {-code}: {signal.strsignal(-code)}" if code < 0 else f"exit code {code}"
    return UnreadableImage(
        f"its decoder crashed ({how}); open the file in another program and save it again"
    )


def _start(open_file: str) -> "subprocess.Popen[bytes]":
    """A new interpreter with this one's import path; it imports nothing from the current folder."""
    try:
        with _signals_blocked():
            return subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, open_file],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | _ENVIRONMENT | {"PYTHONPATH": _IMPORT_PATH},
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
    except OSError as fault:
        raise SrBatchError(_NO_START.format(fault.strerror)) from fault


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Processes started in the block ignore SIGINT and SIGTERM.

    A terminal sends them to all processes of a command, and only the run itself should react.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
