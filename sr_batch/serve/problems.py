"""What an answer says when something is wrong: problem details as of RFC 9457."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from sr_batch.core.errors import (
    BadOutput,
    DeviceUnavailable,
    ImageTooLarge,
    OutOfMemory,
    SrBatchError,
    StorageError,
    UnsupportedImage,
    UsageError,
)
from sr_batch.core.errors import TookTooLong as TookLong
from sr_batch.core.option import Option, options_of
from sr_batch.core.options import UpscaleOptions

KIND = "application/problem+json"

_STATUS: tuple[tuple[type[SrBatchError], int], ...] = (
    (ImageTooLarge, 413),
    (UnsupportedImage, 415),
    (OutOfMemory, 503),
    (DeviceUnavailable, 503),
    (StorageError, 507),
    (BadOutput, 500),
    (TookLong, 500),
    (UsageError, 422),
)
_DAMAGED = 422  # every other error about an image

_FLAG = re.compile(r"--(?P<name>[a-z][a-z-]*)(?: (?P<value>[\w.-]*\w))?")
_NUMBER = re.compile(r"-?\d[\d.]*")
_ADVICE = re.compile(
    r"; (to allow it: --max-pixels \d+|--no-isolate sets no limit"
    r"|free some memory or lower --jobs|to list the models: sr-batch models list)"
)


class Problem(Exception):
    """Why a request, or a job, has no result.

    Attributes:
        status: Of HTTP.
        detail: One sentence for people.
        headers: Of the answer, such as ``Retry-After``.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail.encode("utf-8", "replace").decode()  # JSON may hold half characters
        self.headers = dict(headers or {})

    def to_json(self) -> dict[str, Any]:
        """The members of RFC 9457."""
        title = HTTPStatus(self.status).phrase
        return {
            "type": "about:blank",
            "title": title,
            "status": self.status,
            "detail": self.detail,
        }

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(self.to_json(), self.status, self.headers, KIND)


def problem_of(error: SrBatchError) -> Problem:
    """``error``, in the words of HTTP: it names options, not flags."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), _DAMAGED)
    return Problem(status, without_flags(str(error)))


def without_flags(text: str) -> str:
    """A message of the command line for a client, which has options and no flags.

    Advice that only whoever runs the server can follow is left out.
    """
    return _FLAG.sub(_as_option, _ADVICE.sub("", text))


def _as_option(flag: re.Match[str]) -> str:
    """``quality=0`` for ``--quality 0``."""
    option = _option(flag["name"])
    if option is None:
        return flag[0]
    value = flag["value"]
    if value is None:
        return f"{option.name}=true" if option.kind is bool else option.name
    ends = flag.string[flag.end() :].startswith(":")
    is_value = ends or value in option.choices or _NUMBER.fullmatch(value)
    return f"{option.name}={value}" if is_value else f"{option.name} {value}"


def _option(name: str) -> Option | None:
    name = name.replace("-", "_")
    return next((each for each in options_of(UpscaleOptions) if each.name == name), None)
