"""Reads what a client sends into a file, counted and with a time limit."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect, Request

from sr_batch.serve import multipart
from sr_batch.serve.problems import Problem
from sr_batch.serve.settings import shown_bytes
from sr_batch.serve.store import Store, StoredFile

PATIENCE = 30.0  # seconds that a client may be silent
_SLOWEST = 10_000  # bytes a second, on average after the first seconds


@dataclass(frozen=True)
class Received:
    """A picture that was sent, and what was said about it.

    Attributes:
        file: The bytes of the picture.
        name: What the client calls it; empty if it does not say.
        fields: Of a form; the query of the address is not among them.
    """

    file: StoredFile
    name: str = ""
    fields: dict[str, str] = field(default_factory=dict)


async def receive(
    request: Request, store: Store, limit: int, patience: float = PATIENCE
) -> Received:
    """The body of ``request``: a picture as it is, or a form with one.

    Raises:
        Problem: 400 for a damaged form, 408 for a silent client, 413 for more than ``limit``
            bytes, 507 without space.
        ClientDisconnect: the client left.
    """
    file = store.create()
    try:
        received = await _received(request, file, limit, patience)
        file.close()
    except BaseException:
        file.remove()
        raise
    return received


async def _received(request: Request, file: StoredFile, limit: int, patience: float) -> Received:
    chunks = counted(request, limit, patience)
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith(multipart.KIND):
        form = multipart.FormReader(kind, file)
        async for chunk in chunks:
            form.feed(chunk)
        form.end()
        return Received(file, form.file_name, form.fields)
    async for chunk in chunks:
        file.write(chunk)
    if not file.size:
        raise Problem(400, "the body is empty: send the bytes of a picture, or a form")
    return Received(file)


async def counted(request: Request, limit: int, patience: float = PATIENCE) -> AsyncIterator[bytes]:
    """The pieces of a body. A size that the client states is believed only if it is too large."""
    too_large = Problem(
        413, f"the body has more than {shown_bytes(limit)}, the limit of this server"
    )
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise too_large
    clock = asyncio.get_running_loop().time
    size, started = 0, clock()
    while True:
        left = started + patience + size / _SLOWEST - clock()
        message = await _next(request, min(patience, left))
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            return


async def _next(request: Request, seconds: float) -> dict[str, Any]:
    try:
        message = await asyncio.wait_for(request.receive(), max(0, seconds))
    except TimeoutError as error:
        raise Problem(408, "the body did not arrive in time") from error
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return dict(message)
