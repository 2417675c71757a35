"""What ``sr-batch serve`` is told once, at its start: where it listens, and its limits."""

import ipaddress
import re
from dataclasses import dataclass, field

from sr_batch.core.errors import UsageError
from sr_batch.core.option import Allowed, check_values, option
from sr_batch.core.options import COUNT

MB, GB = 10**6, 10**9
_UNITS = ((GB, "GB"), (MB, "MB"), (1000, "kB"))
LEAST_TOKEN = 16  # characters: shorter ones can be guessed

_PORT = Allowed("from 0 to 65535", lambda port: 0 <= port <= 65535)
_ABOVE_0 = Allowed("above 0", lambda number: number > 0)
_TOKEN = re.compile(r"[\x21-\x7e]+")
_WILDCARDS = ("0.0.0.0", "::")


def shown_bytes(count: int) -> str:
    """A limit as messages show it: ``65.5 kB``, or ``300 MB``."""
    unit, name = next((each for each in _UNITS if count >= each[0]), (1, "bytes"))
    return f"{count / unit:.1f}".removesuffix(".0") + f" {name}"


@dataclass(frozen=True)
class ServeOptions:
    """What ``sr-batch serve`` takes besides some of `UpscaleOptions`.

    Raises:
        UsageError: a value is out of its range, or other machines could connect without a token.
    """

    host: str = field(
        default="127.0.0.1",
        metadata=option(
            "Address to listen on; any that other machines reach needs a token.",
            "Run",
            metavar="ADDRESS",
        ),
    )
    port: int = field(
        default=8590,
        metadata=option("Port; 0: any free port.", "Run", metavar="PORT", allowed=_PORT),
    )
    open_page: bool = field(
        default=False, metadata=option("Open the page in your browser.", "Run", "--open")
    )
    token: str = field(
        default="",
        metadata=option(
            f"Secret that every request must have, at least {LEAST_TOKEN} characters; otherwise "
            "SR_BATCH_TOKEN of the environment.",
            "Run",
            metavar="TEXT",
        ),
    )
    allow_host: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Name under which browsers reach the server, such as photos.example or "
            "photos.example:8443.",
            "Run",
            metavar="NAME",
        ),
    )
    idle: float = field(
        default=10.0,
        metadata=option(
            "Close the models after so many minutes without work.",
            "Run",
            metavar="MINUTES",
            allowed=_ABOVE_0,
        ),
    )
    keep: float = field(
        default=60.0,
        metadata=option(
            "Delete a picture and its result so many minutes after its last change.",
            "Run",
            metavar="MINUTES",
            allowed=_ABOVE_0,
        ),
    )
    quota: float = field(
        default=20.0,
        metadata=option(
            "Disk space for pictures and results, in GB.", "Run", metavar="GB", allowed=_ABOVE_0
        ),
    )
    max_body: float = field(
        default=300.0,
        metadata=option("Refuse larger uploads, in MB.", "Run", metavar="MB", allowed=_ABOVE_0),
    )
    max_output_pixels: int = field(
        default=400_000_000,
        metadata=option("Refuse outputs with more pixels.", "Run", metavar="N", allowed=COUNT),
    )

    @property
    def body_bytes(self) -> int:
        """The limit of a request's body."""
        return round(self.max_body * MB)

    @property
    def quota_bytes(self) -> int:
        """The limit of all files together."""
        return round(self.quota * GB)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def is_wildcard(self) -> bool:
        """Whether it listens on all addresses of this machine."""
        return self.host in _WILDCARDS

    def __post_init__(self) -> None:
        check_values(self)
        if self.token and not _TOKEN.fullmatch(self.token):
            raise UsageError("--token: use only ASCII letters, digits and signs, without spaces")
        if self.token and len(self.token) < LEAST_TOKEN:
            raise UsageError(
                f"--token: {len(self.token)} characters are too few; use at least {LEAST_TOKEN},"
                " such as the output of: openssl rand -hex 16"
            )
        if not self.is_loopback and not self.token:
            raise UsageError(
                f"--host {self.host}: other machines reach it, so it needs a secret: give --token,"
                " or set SR_BATCH_TOKEN"
            )
