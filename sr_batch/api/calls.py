"""The functions of the Python interface."""

import atexit
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from sr_batch.api.arguments import (
    check_output,
    check_work,
    named,
    named_in,
    read_options,
    read_texts,
    without_flags,
)
from sr_batch.api.pictures import converted
from sr_batch.batch import engine
from sr_batch.batch.decoder_pool import loader
from sr_batch.batch.forecast import RunEstimate
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import JobResult
from sr_batch.upscaling.upscaler_pool import UpscalerPool

Array = TypeVar("Array", bound=npt.NDArray[np.uint8 | np.uint16 | np.floating[Any]])
PathLike = str | os.PathLike[str]
Share = Callable[[float], None]

_MOST_NETWORKS = 4  # stay open between calls

_log = logging.getLogger("sr_batch")


def _notify(line: str) -> None:
    _log.info("%s", named(line))


class _Shared:
    """The networks and threads of all calls in this process."""

    def __init__(self) -> None:
        self._pools: list[UpscalerPool] = []
        self.renew()
        atexit.register(lambda: self.pool.close())
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        """Take another pool: a process that was forked has none of its parent's threads."""
        self._pools.append(UpscalerPool(_notify, most_networks=_MOST_NETWORKS))

    @property
    def pool(self) -> UpscalerPool:
        return self._pools[-1]


_SHARED = _Shared()


@overload
def upscale(
    image: Image,
    model: PathLike = ...,
    scale: float | str | None = ...,
    *,
    progress: Share | None = ...,
    stop: threading.Event | None = ...,
    **options: Any,
) -> Image: ...
@overload
def upscale(
    image: Array,
    model: PathLike = ...,
    scale: float | str | None = ...,
    *,
    progress: Share | None = ...,
    stop: threading.Event | None = ...,
    **options: Any,
) -> Array: ...
@overload
def upscale(
    image: PathLike | Pillow.Image,
    model: PathLike = ...,
    scale: float | str | None = ...,
    *,
    progress: Share | None = ...,
    stop: threading.Event | None = ...,
    **options: Any,
) -> Pillow.Image: ...
def upscale(
    image: Any,
    model: PathLike = UpscaleOptions.model,
    scale: float | str | None = None,
    *,
    progress: Share | None = None,
    stop: threading.Event | None = None,
    **options: Any,
) -> Any:
    """Enlarge one picture. Returns the type that was given, or a PIL image for a path.

    It may be called from several threads at once, and shares networks and threads between all
    calls. The last few networks stay loaded. Messages are logged to ``sr_batch``.

    Args:
        image: A path; a PIL image; an array (H, W) or (H, W, C) of gray, gray and alpha, RGB or
            RGBA, uint8, uint16, or floats from 0 to 1, which are computed in 16 bit; or an
            :class:`sr_batch.core.image.Image`. A file is turned upright, and its ICC profile, EXIF
            and DPI are in the ``info`` of the result.
        model: Name of a network, or the path of a file as `sr-batch models add` takes it. Such a
            file is measured and added on its first use.
        scale: Output side / input side. If the options give no size, 2, or 1 for an added model
            that does not enlarge.
        progress: Receives the finished share, from 0 to 1. Called from several threads, but from
            one at a time.
        stop: When it is set, the call ends within a second.
        **options: The other fields of :class:`sr_batch.core.options.UpscaleOptions`, which
            docs/options.md explains. Numbers may be text, as on the command line.

    Raises:
        UsageError: an argument is wrong, or an option is unknown.
        UnknownModel: the network does not exist.
        DeviceUnavailable: the device is not available.
        ImageError: the picture cannot be read or enlarged.
        Stopped: ``stop`` was set.
    """
    with without_flags():
        check_work(progress, stop)
        chosen = read_options("upscale", model, scale, options, _notify)
        source, convert_back = converted(image, chosen.max_pixels)
        name = os.fspath(image) if isinstance(image, str | os.PathLike) else "image"
        told = _Shares(progress or _ignore)
        with _SHARED.pool.using(chosen) as upscaler:
            upscaled = upscaler(
                source, name, told.counter(source.size.pixels), stop or threading.Event()
            )
    for note in upscaled.notes:
        _log.info("%s: %s", name, named(note))
    return convert_back(upscaled.image)


def upscale_batch(
    inputs: PathLike | Iterable[PathLike],
    output: PathLike | None = None,
    model: PathLike = UpscaleOptions.model,
    scale: float | str | None = None,
    *,
    progress: Share | None = None,
    stop: threading.Event | None = None,
    **options: Any,
) -> Iterator[JobResult]:
    """Enlarge files and folders, as ``sr-batch upscale`` does. Yields one result per input.

    The work is done while you iterate. An input that fails is a result, not an exception. Finished
    work is skipped, inputs are never overwritten, and outputs appear whole or not at all.

    Results are ``Done``, ``Skipped``, ``Failed`` or ``NotRun`` from :mod:`sr_batch.core.results`;
    their ``status`` is ``done``, ``skipped``, ``failed`` or ``not_run``. They come in the order in
    which the inputs are finished. If you take no more of them, the work ends. An iterator belongs
    to one thread.

    Args:
        inputs: Files, folders or patterns; one, or several.
        output: A folder, or the file for a single input. If not given, ``photo_x2_MODEL.png`` is
            written beside ``photo.png``, and a folder ``photos`` goes to ``photos_sr``.
        model: As for :func:`upscale`.
        scale: As for :func:`upscale`.
        progress: As for :func:`upscale`: the finished share of all work.
        stop: When it is set, the inputs that are not finished are ``NotRun``.
        **options: As for :func:`upscale`.

    Raises:
        UsageError: an argument is wrong, or an option is unknown. While you iterate: an input
            does not exist, or two of them would write one output.
        UnknownModel: the network does not exist.
        DeviceUnavailable: the device is not available.
        StorageError: the disk is full or fails; raised after the last result.
    """
    with without_flags():
        check_work(progress, stop)
        check_output(output)
        paths = read_texts("inputs", inputs)
        chosen = read_options("upscale_batch", model, scale, options, _notify)
    target = None if output is None else os.fspath(output)
    return _results(paths, target, chosen, progress, stop or threading.Event())


def _results(
    inputs: list[str],
    output: str | None,
    options: UpscaleOptions,
    progress: Share | None,
    stop: threading.Event,
) -> Iterator[JobResult]:
    with (
        without_flags(),
        _SHARED.pool.using(options) as upscaler,
        loader(options.isolate, stop) as load,
    ):
        plan = plan_jobs(inputs, output, options, upscaler.model, _notify, load, claim=True)
        run = RunEstimate(plan.jobs, upscaler, options, rest=plan.rest) if progress else None
        told = _Shares(progress or _ignore)
        if run and plan.rest:
            plan.rest.count(stop)

        def count(_: int) -> None:
            if run and run.estimate.is_whole:
                told.tell_safely(run.estimate.share)

        for result in engine.run(
            *(plan, upscaler, options, count, stop, load, _notify), follower=run
        ):
            if run:
                run.ended(result)
                count(0)
            if told.fault:
                raise told.fault
            yield named_in(result)
        if not stop.is_set():
            told.tell(1.0)


def _ignore(_: float) -> None:
    pass


class _Shares:
    """Tells shares from 0 to 1, one at a time and never a smaller one."""

    def __init__(self, tell: Share) -> None:
        self._tell = tell
        self._told = 0.0
        self.fault: Exception | None = None
        self._lock = threading.Lock()

    def tell(self, share: float) -> None:
        with self._lock:
            if share > self._told:
                self._told = share
                self._tell(share)

    def tell_safely(self, share: float) -> None:
        """As :meth:`tell`, but an exception of the caller's function is kept in ``fault``."""
        try:
            self.tell(share)
        except Exception as fault:
            self.fault = fault

    def counter(self, total: int) -> Callable[[int], None]:
        """Receives finished parts of ``total``."""
        done = 0

        def count(part: int) -> None:
            nonlocal done
            with self._lock:
                done += part
            self.tell(done / total)

        return count
