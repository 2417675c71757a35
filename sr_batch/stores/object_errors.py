"""What a server of objects answers, as errors of this program.

The library for object storage puts the answer of the server into the text of its errors. A
`StorageError` ends the run, because every later object would meet the same problem; an
`ImageError` concerns one object, and the run goes on.
"""

import re
from dataclasses import dataclass

from sr_batch.core.byte_count import rough_bytes
from sr_batch.core.errors import (
    SrBatchError,
    StorageError,
    UnreadableImage,
    UnwritableOutput,
)
from sr_batch.core.results import one_line
from sr_batch.files.disk_errors import CONTINUES

_STATUS = re.compile(r"status code: (\d{3})")
_REPEATED = re.compile(r"after [1-9]\d* retries")
_CODE = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
_CREDENTIAL_CODES = {
    "AuthenticationFailed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
_REGION_CODES = {
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
}
_FULL_CODES = {"QuotaExceeded", "InsufficientStorage", "StorageFull", "XMinioStorageFull"}
_CONFLICT, _PRECONDITION = 409, 412
# Where the library asks for credentials if the environment has none.
_CREDENTIAL_SERVERS = (
    *("169.254.169.254", "169.254.170.2", "metadata.google.internal"),
    *("/latest/api/token", "/latest/meta-data"),
)


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Attributes:
        status: Of HTTP; 0 if there was no answer.
        code: The name of the error, such as ``SlowDown``; may be empty.
        text: For people, one line.
        was_repeated: Whether the library had sent the request before.
    """

    status: int
    code: str
    text: str
    was_repeated: bool = False

    @classmethod
    def of(cls, error: Exception) -> "Answer":
        """What the text of ``error`` quotes."""
        text = str(error)
        status, code, message = _STATUS.search(text), _CODE.search(text), _MESSAGE.search(text)
        said = message[1] if message else text.partition("\n")[0]
        return cls(
            int(status[1]) if status else 0,
            code[1] if code else "",
            one_line(said[:300]),
            _REPEATED.search(text) is not None,
        )

    @property
    def is_conflict(self) -> bool:
        """Whether another request for the same key ran at the same time: try again."""
        return self.status == _CONFLICT

    @property
    def is_refusal(self) -> bool:
        """Whether a condition did not hold."""
        return self.status == _PRECONDITION

    @property
    def is_missing_bucket(self) -> bool:
        return self.code in ("NoSuchBucket", "ContainerNotFound")

    @property
    def is_missing(self) -> bool:
        return self.status == 404

    @property
    def found_no_credentials(self) -> bool:
        """Whether the environment has none, and the machine gives none."""
        return any(server in self.text for server in _CREDENTIAL_SERVERS)

    @property
    def refuses_credentials(self) -> bool:
        """Whether the credentials are wrong or too old."""
        return self.code in _CREDENTIAL_CODES or self.status == 401

    @property
    def is_of_another_region(self) -> bool:
        """Whether the bucket is in another region than the client asked."""
        return self.code in _REGION_CODES or "configured region" in self.text

    @property
    def is_full(self) -> bool:
        return self.code in _FULL_CODES or self.status == 507

    def __str__(self) -> str:
        if not self.status:
            return self.text
        return f"{self.status} {self.code}: {self.text}" if self.code else f"{self.status}"


def read_error(answer: Answer, name: str) -> SrBatchError:
    """The error for an object called ``name`` that could not be read."""
    if answer.code == "InvalidObjectState":
        return UnreadableImage(
            f"{name}: it is in an archive such as Glacier; restore it, then run the same command"
            " again"
        )
    if fatal := _fatal(answer, f"{name} could not be read"):
        return fatal
    if answer.is_missing:
        return UnreadableImage(f"{name}: it does not exist any more")
    if answer.status == 403:
        return UnreadableImage(f"{name}: your credentials do not permit to read it")
    return UnreadableImage(f"{name}: the server refuses to read it: {answer}")


def write_error(answer: Answer, name: str, size: int) -> SrBatchError:
    """The error for an output called ``name`` of ``size`` bytes that could not be written."""
    what = f"{name} ({rough_bytes(size)}) could not be written"
    if fatal := _fatal(answer, what):
        return fatal
    if answer.status == 403:
        return UnwritableOutput(
            f"{what}: your credentials do not permit it, or a lock keeps what is there;"
            " choose another place with -o"
        )
    if answer.is_conflict:
        return UnwritableOutput(f"{what}: another program writes it all the time")
    return UnwritableOutput(f"{what}: the server refuses it: {answer}")


def list_error(answer: Answer, url: str) -> SrBatchError:
    """The error for a place that could not be listed."""
    what = f"{url} could not be listed"
    return _fatal(answer, what) or StorageError(f"{what}: {answer}")


def _fatal(answer: Answer, what: str) -> SrBatchError | None:
    """The error that ends the run, or None if the answer concerns one object."""
    if answer.is_full:
        return StorageError(
            f"{what}: the store is full; make room or choose another -o, {CONTINUES}"
        )
    if answer.found_no_credentials or answer.refuses_credentials:
        return StorageError(
            f"{what}: the credentials are missing or too old; renew them, {CONTINUES}"
        )
    if answer.is_missing_bucket:
        return StorageError(f"{what}: the bucket does not exist any more")
    if not answer.status:
        return StorageError(f"{what}: the server does not answer ({answer}); {CONTINUES}")
    if answer.status >= 500 or answer.status == 429:
        return StorageError(
            f"{what}: the server refuses for minutes now ({answer});"
            f" ask for less at once with --workers or --jobs, {CONTINUES}"
        )
    return None
