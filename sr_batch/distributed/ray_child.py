"""The run's side of its Ray driver: starts the child process, talks to it, and ends it.

The other side is :mod:`sr_batch.distributed.ray_driver`.
"""

import os
import queue
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress

from sr_batch.batch.decoder_process import receive, send
from sr_batch.distributed.ray_messages import FromDriver, ToDriver

_PROGRAM = "from sr_batch.distributed.ray_driver import main; main()"


class RayChild:
    """One driver process. It ends if this process is killed, and ignores Ctrl+C: this one says.

    Attributes:
        heard: What it says; None when it has ended.
    """

    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[FromDriver | None] = queue.SimpleQueue()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, message: ToDriver) -> None:
        """Send ``message``. If the process has ended, `heard` says so."""
        assert self._process.stdin
        with suppress(OSError):
            send(self._process.stdin, message)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.kill()
        with suppress(OSError):
            self._process.stdin.close()
        self._process.wait()
        self._log.close()

    def _listen(self) -> None:
        assert self._process.stdout
        with self._process.stdout as answers, suppress(EOFError, OSError, ValueError):
            while True:
                self.heard.put(receive(answers))
        self.heard.put(None)
