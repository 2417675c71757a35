"""Where a Ray cluster answers, and whether it does. Imports no Ray."""

import os
import re
import socket
from dataclasses import dataclass

from sr_batch.core.errors import UsageError
from sr_batch.stores.store import Unreachable

LOCAL = "local"

_FORM = re.compile(r"(?P<scheme>ray://)?(?P<host>\[[^\]]+\]|[^:/\[\]]+)(?::(?P<port>\d{1,5}))?/?")
_CLIENT_PORT = 10001
_GCS_PORT = 6379
_SECONDS = 5.0


@dataclass(frozen=True)
class RayAddress:
    """One cluster.

    Attributes:
        host: Name or address of its head; empty for a cluster that the run starts for itself.
        port: Of the head.
        is_client: Whether it is the port for drivers outside of the cluster.
    """

    host: str
    port: int
    is_client: bool

    def __str__(self) -> str:
        return (
            f"{'ray://' if self.is_client else ''}{self.host}:{self.port}" if self.host else LOCAL
        )

    def check(self, seconds: float = _SECONDS) -> None:
        """Connect once: Ray itself would try for ten minutes.

        Raises:
            Unreachable: nothing accepts connections there.
        """
        if not self.host:
            return
        try:
            socket.create_connection((self.host.strip("[]"), self.port), seconds).close()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error) or "no answer"
            raise Unreachable(
                f"--address {self}: no Ray cluster answers there ({reason}): see whether its head"
                " runs, and whether a firewall is in the way"
            ) from error


def ray_address(text: str | None) -> RayAddress:
    """The address in ``text``, or in the variable RAY_ADDRESS.

    Raises:
        UsageError: neither names a cluster.
    """
    text = text or os.environ.get("RAY_ADDRESS", "")
    if text == LOCAL:
        return RayAddress("", 0, False)
    form = _FORM.fullmatch(text)
    if text == "auto" or not form or int(form["port"] or 1) not in range(1, 65536):
        raise UsageError(
            "--engine ray needs the cluster: --address ray://HOST:10001 from anywhere, HOST:6379 on"
            f" a node of it, or {LOCAL} for one on this machine only"
            + (f", not {text!r}" if text else "")
        )
    is_client = bool(form["scheme"])
    port = int(form["port"] or (_CLIENT_PORT if is_client else _GCS_PORT))
    return RayAddress(form["host"], port, is_client)
