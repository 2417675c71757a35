"""The speed and loss of int8 and OpenVINO, compared with the fp32 network on the CPU provider."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from statistics import fmean
from time import perf_counter

import numpy as np

from benchmarks.setting import Row, Setting
from benchmarks.work import ignore
from sr_batch.bench.model_bench import committed_pictures
from sr_batch.bench.pictures import PictureSet, read_set
from sr_batch.bench.quality import judge
from sr_batch.bench.speed import Stopwatch, paired_ratio
from sr_batch.core.errors import DeviceUnavailable
from sr_batch.inference.model_catalog import ModelFile, find_models, fp32_twin
from sr_batch.inference.providers import open_session
from sr_batch.inference.session import Session

_SIDE = 160  # side of a tile in LR pixels, about the size that the tool chooses
_ROUNDS = 25  # fewer if a round takes seconds
_TWICE = frozenset({"fast", "balanced", "edsr"})  # with VNNI, int8 should be twice as fast


def engines(setting: Setting) -> Iterator[Row]:
    """Time every fp32 and int8 network on each CPU provider, in turns with fp32."""
    pictures = read_set(committed_pictures())
    for model in find_models():
        if model.precision == "fp16":
            continue
        full = open_session((fp32_twin(model) or model).path, "cpu", ignore)
        for device in ("cpu", "openvino", "openvino-bf16"):
            if (model.precision, device) == ("fp32", "cpu"):
                continue
            with suppress(DeviceUnavailable):  # `sr-batch doctor` says why
                session = open_session(model.path, device, ignore)
                yield _row(model, device, (full, session), pictures, setting.threads)


def _row(
    model: ModelFile,
    device: str,
    sessions: tuple[Session, Session],
    pictures: PictureSet,
    threads: int,
) -> Row:
    full, session = sessions
    with ThreadPoolExecutor(threads) as pool:
        one, other = (_stopwatch(each, pool, threads) for each in (session, full))
        speed = paired_ratio(one, other, _ROUNDS)
    loss = fmean(
        judge(picture, full).network.psnr - judge(picture, session).network.psnr
        for picture in pictures.pictures
    )
    wanted = model.name in _TWICE and (model.precision, device) == ("int8", "cpu")
    return Row(
        f"{model.path.stem} on {device}",
        f"{speed:.2f} x, {loss:+.3f} dB",
        ">= 2 with VNNI" if wanted else "",
        speed >= 2 or not wanted,
    )


def _stopwatch(session: Session, pool: Executor, threads: int) -> Stopwatch:
    """Times one tile on every thread, as the tool calls its networks."""
    tile = np.random.default_rng(0).random((1, session.spec.channels, _SIDE, _SIDE), np.float32)

    def watch() -> float:
        started = perf_counter()
        list(pool.map(session, [tile] * threads))
        return perf_counter() - started

    return watch
