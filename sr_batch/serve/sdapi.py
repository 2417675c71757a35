"""Two routes of a widespread API, so that its clients work unchanged: ``/sdapi/v1``."""

import asyncio
import html
import json
import re
import threading
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sr_batch import codec
from sr_batch.core.geometry import Region, Size
from sr_batch.core.image import Image
from sr_batch.imaging.resample import bleed, resize
from sr_batch.serve.answers import finished, in_thread
from sr_batch.serve.body import receive
from sr_batch.serve.client_options import model_names
from sr_batch.serve.door import Door
from sr_batch.serve.job import Job
from sr_batch.serve.problems import Problem
from sr_batch.serve.store import StoredFile

API = "/sdapi/v1"
_NONE = "None"
_UNSUPPORTED = ("gfpgan_visibility", "codeformer_visibility", "extras_upscaler_2_visibility")
_DEFAULT_FACTOR = 2.0
_DEFAULT_SIDE = 512
_SPACES = re.compile(r"\s+")


class SdApi:
    """The functions behind the routes."""

    def __init__(self, door: Door, turns: asyncio.Semaphore) -> None:
        self._door = door
        self._turns = turns
        self._parsing = asyncio.Semaphore(1)  # a body that is parsed is in memory as a whole

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route(f"{API}/extra-single-image", self.enlarge, methods=["POST"]),
            Route(f"{API}/upscalers", self.upscalers, methods=["GET"]),
        ]

    async def upscalers(self, request: Request) -> Response:
        """The models, and one that only resamples."""
        del request
        names = (_NONE, *await run_in_threadpool(model_names))
        empty = {"model_name": None, "model_path": None, "model_url": None}
        return JSONResponse([{"name": name, **empty, "scale": 4} for name in names])

    async def enlarge(self, request: Request) -> Response:
        """Answer the enlarged picture, as base64 of a PNG."""
        limit = self._door.options.body_bytes * 4 // 3 + (64 << 10)
        received = await receive(request, self._door.store, limit)
        async with self._parsing:
            wish, file = await run_in_threadpool(self._read, received.file)
        if wish.model == _NONE:
            png = await self._resampled(request, file, wish)
        else:
            png = await self._enlarged(request, file, wish)
        image = b64encode(png).decode("ascii")
        return JSONResponse({"html_info": f"<p>{html.escape(wish.model)}</p>", "image": image})

    def _read(self, body: StoredFile) -> tuple["_Wish", StoredFile]:
        """What a body asks for, and its picture in a file. The body is removed."""
        try:
            wish = _parsed(body.read())
        finally:
            body.remove()
        return replace(wish, data=b""), self._door.store.keep(wish.data)

    async def _enlarged(self, request: Request, file: StoredFile, wish: "_Wish") -> bytes:
        door, loop, done = self._door, asyncio.get_running_loop(), asyncio.Event()

        def accept() -> Job:
            try:
                factor = wish.factor(door.header(file, "image").size)
            except Problem:
                file.remove()
                raise
            given = {"model": wish.model, "scale": factor, "format": "png"}
            return door.accept(
                file,
                "image",
                given,
                listed=False,
                finished=lambda: loop.call_soon_threadsafe(done.set),
            )

        async with self._turns:
            job = await run_in_threadpool(accept)
        try:
            await finished(request, door.queue, job, done)
            assert job.result
            if not wish.crop:
                return await run_in_threadpool(job.result.read)
            result = job.result
            return await in_thread(
                request, self._turns, lambda _: wish.cropped(door.decoded(result, "image"))
            )
        finally:
            door.queue.delete(job.id)

    async def _resampled(self, request: Request, file: StoredFile, wish: "_Wish") -> bytes:
        door = self._door

        def resample(_: threading.Event) -> bytes:
            size = door.header(file, "image").size
            given = {"scale": wish.factor(size), "format": "png"}
            target = door.planned(file, "image", given).sizes[0]
            return wish.cropped(_resized(door.decoded(file, "image"), target))

        try:
            return await in_thread(request, self._turns, resample)
        finally:
            await run_in_threadpool(file.remove)


@dataclass(frozen=True)
class _Wish:
    """What a request asks for.

    Attributes:
        data: The picture.
        model: The upscaler.
        scale: Factor, unless there is a size.
        size: That the output covers.
        crop: Whether it is cropped to ``size``.
    """

    data: bytes
    model: str
    scale: float
    size: Size | None
    crop: bool

    def factor(self, size: Size) -> float:
        if self.size is None:
            return self.scale
        return max(self.size.width / size.width, self.size.height / size.height)

    def cropped(self, image: Image) -> bytes:
        """``image`` as a PNG, its middle if it is to be cropped."""
        if self.size and self.crop:
            left, top = (
                max(0, (side - wanted) // 2)
                for side, wanted in (
                    (image.size.width, self.size.width),
                    (image.size.height, self.size.height),
                )
            )
            part = Region(left, top, left + self.size.width, top + self.size.height)
            rows, columns = part.clamp(image.size).slices
            alpha = None if image.alpha is None else image.alpha[rows, columns]
            image = replace(image, color=image.color[rows, columns], alpha=alpha)
        return codec.encode_image(image, "png", quality=95)


def _parsed(body: bytes) -> _Wish:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("image"), str):
        raise Problem(422, "the body must be a JSON object with an image as base64")
    for name in _UNSUPPORTED:
        if content.get(name):
            raise Problem(422, f"{name} is not supported by this server")
    is_size = _number(content, "resize_mode", 0) == 1
    sides = (_number(content, f"upscaling_resize_{side}", _DEFAULT_SIDE) for side in "wh")
    size = Size(*(max(1, round(side)) for side in sides)) if is_size else None
    return _Wish(
        _decoded(content["image"]),
        _model(str(content.get("upscaler_1") or _NONE)),
        _number(content, "upscaling_resize", _DEFAULT_FACTOR),
        size,
        is_size and bool(content.get("upscaling_crop", True)),
    )


def _number(content: Mapping[str, Any], name: str, default: float) -> float:
    value = content.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e6:
        raise Problem(422, f"{name}={str(value)[:40]}: must be a number from 0 to 1000000")
    return float(value)


def _decoded(text: str) -> bytes:
    """The bytes of base64, also in lines, or of a data URL; other URLs are not fetched."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return b64decode(_SPACES.sub("", text), validate=True)
    except (BadBase64, ValueError) as error:
        raise Problem(422, "image must be base64, or a data URL; no other URL is read") from error


def _model(name: str) -> str:
    """The upscaler, in any case."""
    names = {each.lower(): each for each in (_NONE, *model_names())}
    return names.get(name.lower(), name)


def _resized(image: Image, size: Size) -> Image:
    if image.alpha is None:
        return replace(image, color=resize(image.color, size, "lanczos"))
    color = resize(bleed(image.color, image.alpha), size, "lanczos")
    return replace(image, color=color, alpha=resize(image.alpha, size, "lanczos"))
