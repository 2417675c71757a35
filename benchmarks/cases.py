"""What is measured: each case gives rows of one table."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from benchmarks.photos import photographs
from benchmarks.png import png
from benchmarks.process import run_tool
from benchmarks.setting import Row, Setting
from sr_batch import engine
from sr_batch.catalog import choose
from sr_batch.codec import encode_image, read_image, read_pages
from sr_batch.isolation import Decoders
from sr_batch.jobs import plan_jobs
from sr_batch.options import MAX_PIXELS, Format, UpscaleOptions
from sr_batch.results import Done
from sr_batch.upscaler import Upscaler
from sr_batch.worker import Loader

MIB = 2**20
GROUPS = 5  # the two sides take turns, so that a slower minute of the machine hits both


def speed(setting: Setting) -> Iterator[Row]:
    """The whole tool on photographs against nothing but the network on ready arrays."""
    photographs(setting.photos, setting.folder / "in", 20, (0.5, 1.0))
    paths = sorted((setting.folder / "in").iterdir())
    options = _options("edsr", 2, "keep", setting)
    session = _bare_session("edsr", 2, setting.threads)
    tool = bare = 0.0
    with Upscaler(options, _ignore) as upscaler:
        for group in _groups(paths):
            bare += sum(_infer(session, _network_input(path, "rgb")) for path in group)
            tool += _enlarge(group, options, setting.folder / "out", upscaler)
    ratio = bare / tool
    yield Row(
        "edsr x2, 20 photographs: bare network / tool", f"{ratio:.2f}", ">= 0.90", ratio >= 0.9
    )


def hidden(setting: Setting) -> Iterator[Row]:
    """A fast network, where decoding and encoding weigh as much as inference."""
    photographs(setting.photos, setting.folder / "in", 20, (0.5, 1.0))
    paths = sorted((setting.folder / "in").iterdir())
    options = _options("espcn", 3, "png", setting)
    session = _bare_session("espcn", 3, 1)
    tool = network = codec = 0.0
    with Upscaler(options, _ignore) as upscaler:
        for group in _groups(paths):
            tool += _enlarge(group, options, setting.folder / "out", upscaler)
            network += sum(_infer(session, _network_input(path, "y")) for path in group)
            codec += sum(_decode_and_encode(path, setting.folder / "out") for path in group)
    serial = network + codec
    limit = serial / setting.threads
    yield Row("espcn x3 to PNG: decode + encode, of all work", f"{codec / serial:.0%}", "", True)
    yield Row("  all work, one after the other / tool", f"{serial / tool:.2f}", "", True)
    yield Row(
        "  all work, on all threads / tool", f"{limit / tool:.2f}", ">= 0.80", limit / tool >= 0.8
    )


def memory(setting: Setting) -> Iterator[Row]:
    """The peak of one large photograph, and of many small ones against few."""
    photographs(setting.photos, setting.folder / "large", 1, (24.0, 24.0))
    out = str(setting.folder / "out")
    cost = run_tool("upscale", str(setting.folder / "large"), "-o", out, *_flags("edsr", setting))
    limit = 24e6 * 3 * (1 + 2 * 2) + 1024 * MIB
    yield Row(
        "edsr x2, one 24 MP JPEG: peak memory",
        f"{cost.peak_bytes / MIB:.0f} MiB",
        f"<= {limit / MIB:.0f} MiB",
        cost.peak_bytes <= limit,
    )
    peaks = []
    for number in (30, 400):
        folder = setting.folder / f"small{number}"
        photographs(setting.photos, folder, number, (0.02, 0.06))
        peaks.append(run_tool("upscale", str(folder), *_flags("espcn", setting)).peak_bytes)
    ratio = peaks[1] / peaks[0]
    yield Row("espcn x2, peak memory of 400 images / 30", f"{ratio:.2f}", "<= 1.30", ratio <= 1.3)


def isolation(setting: Setting) -> Iterator[Row]:
    """Decoding in processes of their own against decoding in threads; the start is not counted."""
    photographs(setting.photos, setting.folder / "photographs", 10, (0.1, 0.3))
    photographs(setting.photos, setting.folder / "small", 60, (0.01, 0.06))
    _turn_into_png(sorted((setting.folder / "small").iterdir())[::2])
    with Decoders(threading.Event()) as isolated:
        for kind in ("photographs", "small"):
            groups = [*_groups(sorted((setting.folder / kind).iterdir()))]
            ratio = _paired(groups, _decode, isolated)
            yield Row(f"{kind}: decoding isolated / here", f"{ratio:.2f}", "", True)
            for scale, what in ((1, "no network"), (2, "espcn x2")):
                options = _options("espcn", scale, "keep", setting)
                with Upscaler(options, _ignore) as upscaler:
                    ratio = _paired(groups, partial(_enlarge_anew, options, upscaler), isolated)
                goal, reached = ("<= 1.10", ratio <= 1.1) if scale > 1 else ("", True)
                yield Row(f"{kind}, {what}: isolated / threads", f"{ratio:.2f}", goal, reached)


def start(setting: Setting) -> Iterator[Row]:
    """How long a user waits for the help text."""
    best = min(run_tool("--help").seconds for _ in range(10))
    yield Row("sr-batch --help, best of 10", f"{best:.2f} s", "<= 0.35 s", best <= 0.35)


CASES: dict[str, Callable[[Setting], Iterator[Row]]] = {
    "start": start,
    "speed": speed,
    "hidden": hidden,
    "memory": memory,
    "isolation": isolation,
    "png": png,
}


def _ignore(line: str) -> None:
    """The benchmark says what it needs to itself."""


def _flags(model: str, setting: Setting) -> tuple[str, ...]:
    return ("--model", model, "--device", "cpu", "--jobs", str(setting.threads))


def _options(model: str, scale: int, output_format: Format, setting: Setting) -> UpscaleOptions:
    return UpscaleOptions(
        model=model, scale=scale, device="cpu", format=output_format, jobs=setting.threads
    )


def _groups(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    return (paths[start::GROUPS] for start in range(GROUPS))


def _bare_session(model: str, scale: int, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        choose(model)[scale].path, options, providers=["CPUExecutionProvider"]
    )


def _network_input(path: Path, color: str) -> npt.NDArray[np.float32]:
    """A ready array (1, C, H, W); what the values are does not matter for the time."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("L" if color == "y" else "RGB"), np.float32) / 255
    planes = pixels[None] if color == "y" else pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(planes[None])


def _infer(session: onnxruntime.InferenceSession, array: npt.NDArray[np.float32]) -> float:
    started = time.perf_counter()
    session.run(None, {"input": array})
    return time.perf_counter() - started


def _paired(
    groups: Sequence[Sequence[Path]],
    seconds: Callable[[Sequence[Path], Loader], float],
    isolated: Loader,
) -> float:
    """Median over ``groups`` of the time with ``isolated`` over that without, in turns a b b a."""
    ratios = []
    seconds(groups[0], isolated)  # the processes start, caches fill
    for group in groups:
        a, b, c, d = (seconds(group, load) for load in (read_pages, isolated, isolated, read_pages))
        ratios.append((b + c) / (a + d))
    return median(ratios)


def _turn_into_png(paths: Sequence[Path]) -> None:
    for path in paths:
        path.with_suffix(".png").write_bytes(_as_png(path))
        path.unlink()


def _as_png(path: Path) -> bytes:
    return encode_image(read_image(path.read_bytes(), path.name, MAX_PIXELS), "png", 95)


def _decode(paths: Sequence[Path], load: Loader) -> float:
    """Seconds for all pictures of ``paths``, one after the other."""
    files = [(path.read_bytes(), path.name) for path in paths]
    started = time.perf_counter()
    for data, name in files:
        list(load(data, name, MAX_PIXELS))
    return time.perf_counter() - started


def _enlarge(
    paths: Sequence[Path],
    options: UpscaleOptions,
    out: Path,
    upscaler: Upscaler,
    load: Loader = read_pages,
) -> float:
    """Seconds that the plan and the engine take for ``paths``, files in and files out."""
    started = time.perf_counter()
    plan = plan_jobs([str(path) for path in paths], f"{out}/", options, upscaler.model)
    results = list(engine.run(plan, upscaler, options, lambda _: None, threading.Event(), load))
    seconds = time.perf_counter() - started
    if not all(isinstance(result, Done) for result in results):
        raise RuntimeError(f"not all done: {results}")
    return seconds


def _enlarge_anew(
    options: UpscaleOptions, upscaler: Upscaler, paths: Sequence[Path], load: Loader
) -> float:
    with tempfile.TemporaryDirectory() as out:
        return _enlarge(paths, options, Path(out), upscaler, load)


def _decode_and_encode(path: Path, out: Path) -> float:
    (made,) = out.glob(f"{path.stem}*.png")
    enlarged = read_image(made.read_bytes(), made.name, MAX_PIXELS)
    data = path.read_bytes()
    started = time.perf_counter()
    read_image(data, path.name, MAX_PIXELS)
    encode_image(enlarged, "png", 95)
    return time.perf_counter() - started
