"""Finds out before any work whether a place can be used, and says in one line what to do."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from sr_batch.core.errors import SrBatchError, UsageError
from sr_batch.files.atomic_write import require_writable_folder
from sr_batch.files.reading import display_name, is_folder
from sr_batch.stores.location import Place
from sr_batch.stores.object_client import Retries
from sr_batch.stores.object_errors import Answer
from sr_batch.stores.object_store import ObjectStore
from sr_batch.stores.store import Taken, Unreachable

FOLDER = ".sr-batch/"
_REACH = 5.0  # seconds
_PATIENCE = Retries(most=5, total=20.0)
_TOO_MANY = 429
_NO_VERSION = "0" * 32


def probe_input(place: Place) -> None:
    """Check that ``place`` can be listed.

    Raises:
        Unreachable: no server answers.
        UsageError: the bucket or folder does not exist, or credentials do not permit to list it.
    """
    if not place.is_remote:
        if not is_folder(place.folder):
            raise UsageError(f"{display_name(place.folder)}: no such folder")
        return
    require_reachable(place)
    with _at_the_start(place):
        next(ObjectStore(place, _PATIENCE).list(), None)


def probe_output(place: Place) -> None:
    """Check that objects can be created at ``place``, and that none is replaced by mistake.

    It creates a small object below ``.sr-batch/`` twice, and removes it if it may.

    Raises:
        Unreachable: no server answers.
        UsageError: the bucket or folder does not exist or cannot be written, or the server ignores
            the condition.
        UnwritableOutput: the folder takes no new file.
    """
    if not place.is_remote:
        require_writable_folder(place.folder / "output")
        return
    require_reachable(place)
    store, key = ObjectStore(place, _PATIENCE), f"{FOLDER}probe-{secrets.token_hex(8)}"
    with _at_the_start(place):
        _create(store, key, None)
        try:
            _require_refusal(store, key, None, "If-None-Match")
            _require_refusal(store, key, _NO_VERSION, "If-Match")
        finally:
            store.try_to_remove(key)


def require_reachable(place: Place) -> None:
    """Check that something listens at the endpoint of ``place``, if it names one.

    Behind a proxy, only the proxy can tell.

    Raises:
        Unreachable: nothing does.
    """
    parts = urlsplit(place.endpoint)
    if not parts.hostname or (parts.scheme in getproxies() and not proxy_bypass(parts.hostname)):
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), _REACH).close()
    except OSError as error:
        raise Unreachable(
            f"{place.endpoint}: no server answers ({error.strerror or error}); check"
            " --endpoint-url, and that the server runs"
        ) from error


def _create(store: ObjectStore, key: str, expect: str | None) -> None:
    store.publish(key, secrets.token_bytes(16), expect, {}, "application/octet-stream")


def _require_refusal(store: ObjectStore, key: str, expect: str | None, header: str) -> None:
    try:
        _create(store, key, expect)
    except Taken:
        return
    except SrBatchError as error:
        if _answer(error).status not in (400, 404, 405, 501):
            raise
    raise UsageError(
        f"{store.url}: this server ignores conditions ({header}), so that two runs could replace"
        " each other's outputs; choose a server that knows them, or a folder with -o"
    )


@contextmanager
def _at_the_start(place: Place) -> Iterator[None]:
    """Errors in the block as what the user can do about them."""
    try:
        yield
    except UsageError:
        raise
    except SrBatchError as error:
        answer = _answer(error)
        if advice := _advice(answer, place):
            raise UsageError(f"{place.url}: {advice}") from error
        if not answer.status:
            raise Unreachable(
                f"{place.url}: no server answers ({answer.text}); check the network, or name the"
                " server with --endpoint-url"
            ) from error
        raise


def _advice(answer: Answer, place: Place) -> str | None:
    if answer.is_missing_bucket:
        return f"no bucket is called {place.bucket}; check its name, or create it"
    if answer.is_of_another_region:
        return "the bucket is in another region; set AWS_REGION"
    if answer.found_no_credentials:
        return f"no credentials; set {_VARIABLES[place.scheme]}"
    if answer.refuses_credentials:
        return (
            f"the server refuses the credentials ({answer.code}); check {_VARIABLES[place.scheme]}"
        )
    if place.endpoint and answer.status in (404, 405) and not answer.code:
        return (
            f"what answers at {place.endpoint} is not object storage ({answer.status}); check"
            " --endpoint-url"
        )
    if answer.status == 403:
        return f"your credentials do not permit this ({answer}); ask for access to the bucket"
    if place.endpoint and answer.is_missing:
        return (
            f"what answers at {place.endpoint} has no such bucket ({answer}); check"
            " --endpoint-url, which must not name the bucket"
        )
    if 400 <= answer.status < 500 and answer.status != _TOO_MANY and not answer.is_full:
        return f"the server refuses the first request ({answer})"
    return None


def _answer(error: SrBatchError) -> Answer:
    return Answer.of(error.__cause__ if isinstance(error.__cause__, Exception) else error)


_VARIABLES = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
