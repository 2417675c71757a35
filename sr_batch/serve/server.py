"""Runs the server until it is told to stop."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import uvicorn

from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.providers import require_available, require_known
from sr_batch.serve.app import application
from sr_batch.serve.connection import Connection
from sr_batch.serve.door import Door
from sr_batch.serve.guard import MOST_REQUESTS
from sr_batch.serve.settings import ServeOptions

MOST_CONNECTIONS = MOST_REQUESTS + 112  # above what the guard refuses with an explanation

_GRACE = 4  # seconds for answers that are being sent when the server stops
_BACKLOG = 256


def serve(
    options: ServeOptions,
    base: UpscaleOptions,
    notify: Callable[[str], None],
    started: Callable[[str], None],
    stop: threading.Event,
    folder: Path | None = None,
) -> None:
    """Answer requests until ``stop`` is set; then end within ten seconds, and delete all files.

    Args:
        options: Address and limits.
        base: The options of a job that states none.
        notify: Receives lines about networks.
        started: Receives the address once the server answers.
        stop: Ends it.
        folder: Where the private folder for pictures is made; that for temporary files if None.

    Raises:
        UsageError: the address or the port is not available, or there is no such device.
        DeviceUnavailable: the device cannot run here.
    """
    require_known(base.device)
    require_available(base.device)
    with _listening(options) as listener:
        port = listener.getsockname()[1]
        with Door(options, base, notify, folder) as door:
            config = uvicorn.Config(
                application(door, port),
                http=Connection,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                backlog=_BACKLOG,
                timeout_keep_alive=15,
                timeout_graceful_shutdown=_GRACE,
            )
            logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
            address = _address(options, port)
            _Server(config, door, stop, lambda: started(address)).run(sockets=[listener])


class _Server(uvicorn.Server):
    """A server that leaves signals to the command line, and ends its streams when it stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        door: Door,
        stop: threading.Event,
        started: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._door = door
        self._stop = stop
        self._tell_started = started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the handlers of the process as they are."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._tell_started()

    async def on_tick(self, counter: int) -> bool:
        """Look for the stop ten times a second."""
        if self._stop.is_set():
            self._door.stop()
            self.should_exit = True
        return await super().on_tick(counter)


@contextmanager
def _listening(options: ServeOptions) -> Iterator[socket.socket]:
    """A socket at the address. Raises UsageError."""
    where = f"--host {options.host} --port {options.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"{where}: {error.strerror or error}; choose another host") from error
    with listener:
        if hasattr(socket, "SO_REUSEADDR") and not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError as error:
            raise UsageError(f"{where}: {error.strerror}; choose another port") from error
        yield listener


def _address(options: ServeOptions, port: int) -> str:
    """What to open in a browser on this machine; with the token, which the page remembers."""
    host = "localhost" if options.is_wildcard else options.host
    shown = f"[{host}]" if ":" in host else host
    token = f"?token={quote(options.token, safe='')}" if options.token else ""
    return f"http://{shown}:{port}/{token}"
