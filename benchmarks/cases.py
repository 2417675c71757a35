"""The cases, each of which yields rows of the table."""

import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from PIL import Image

from benchmarks.engines import engines
from benchmarks.eta import eta
from benchmarks.gpu import gpu
from benchmarks.graphs import graphs
from benchmarks.growth import growth
from benchmarks.listing import listing
from benchmarks.peers import peers
from benchmarks.photos import photographs
from benchmarks.png import png
from benchmarks.process import run_program, run_tool
from benchmarks.scale import scale
from benchmarks.serve import serve
from benchmarks.setting import Row, Setting
from benchmarks.streams import streams
from benchmarks.work import (
    bare_session,
    enlarge,
    ignore,
    in_turns,
    infer,
    network_input,
    options_for,
)
from benchmarks.wrapped import wrapped
from sr_batch.batch.decoder_pool import DecoderPool
from sr_batch.batch.loading import Loader, load_file
from sr_batch.bench.speed import ratio_in_turns
from sr_batch.codec import encode_image, read_image
from sr_batch.core.options import MAX_PIXELS, UpscaleOptions
from sr_batch.inference.model_catalog import choose, find_models
from sr_batch.integrations import imagemagick_delegates as delegates
from sr_batch.integrations.package_paths import own_command
from sr_batch.upscaling.upscaler import Upscaler

MIB = 2**20
_BARE = """
import onnxruntime, sys
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
"""


def speed(setting: Setting) -> Iterator[Row]:
    """Compare the whole tool on photographs with only the network on arrays."""
    photographs(setting.photos, setting.folder / "in", 20, (0.5, 1.0))
    paths = sorted((setting.folder / "in").iterdir())
    options = options_for("edsr", 2, "keep", setting)
    session = bare_session("edsr", 2, setting.threads)
    tool = bare = 0.0
    with Upscaler(options, ignore) as upscaler:
        for group in in_turns(paths):
            bare += sum(infer(session, network_input(path, "rgb")) for path in group)
            tool += enlarge(group, options, setting.folder / "out", upscaler)
    ratio = bare / tool
    yield Row(
        "edsr x2, 20 photographs: bare network / tool", f"{ratio:.2f}", ">= 0.95", ratio >= 0.95
    )


def hidden(setting: Setting) -> Iterator[Row]:
    """Run a fast network, where decoding and encoding matter as much as inference."""
    photographs(setting.photos, setting.folder / "in", 20, (0.5, 1.0))
    paths = sorted((setting.folder / "in").iterdir())
    options = options_for("espcn", 3, "png", setting)
    session = bare_session("espcn", 3, setting.threads)
    tool = network = codec = busy = 0.0
    with Upscaler(options, ignore) as upscaler:
        for group in in_turns(paths):
            started = time.process_time()
            tool += enlarge(group, options, setting.folder / "out", upscaler)
            busy += time.process_time() - started
            network += sum(infer(session, network_input(path, "y")) for path in group)
            codec += sum(_decode_and_encode(path, setting.folder / "out") for path in group)
    share = codec / (network * setting.threads + codec)
    ratio = max(network, codec / setting.threads) / tool
    yield Row("espcn x3 to PNG: decode + encode, of all work", f"{share:.0%}", "", True)
    yield Row("  bare network, then both / tool", f"{(network + codec) / tool:.2f}", "", True)
    yield Row("  the slower of them alone / tool", f"{ratio:.2f}", ">= 0.90", ratio >= 0.9)
    busy /= tool * setting.threads
    yield Row("  the tool's threads at work", f"{busy:.0%}", ">= 95%", busy >= 0.95)


def memory(setting: Setting) -> Iterator[Row]:
    """Measure the peak memory of one large photograph, and of many small ones against few."""
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
    yield _many_against_few(setting)


def _many_against_few(setting: Setting) -> Row:
    peaks = []
    for number in (30, 400):
        folder = setting.folder / f"small{number}"
        photographs(setting.photos, folder, number, (0.02, 0.06))
        peaks.append(run_tool("upscale", str(folder), *_flags("espcn", setting)).peak_bytes)
    ratio = peaks[1] / peaks[0]
    return Row("espcn x2, peak memory of 400 images / 30", f"{ratio:.2f}", "<= 1.30", ratio <= 1.3)


def isolation(setting: Setting) -> Iterator[Row]:
    """Compare decoding in processes with decoding in threads; starting them is not counted."""
    photographs(setting.photos, setting.folder / "photographs", 10, (0.1, 0.3))
    photographs(setting.photos, setting.folder / "small", 60, (0.01, 0.06))
    _turn_into_png(sorted((setting.folder / "small").iterdir())[::2])
    with DecoderPool(threading.Event()) as isolated:
        for kind in ("photographs", "small"):
            yield from _isolated_against_threads(kind, isolated, setting)


def _isolated_against_threads(kind: str, isolated: Loader, setting: Setting) -> Iterator[Row]:
    groups = [*in_turns(sorted((setting.folder / kind).iterdir()))]
    ratio = _paired(groups, _decode, isolated)
    yield Row(f"{kind}: decoding isolated / here", f"{ratio:.2f}", "", True)
    for factor, what in ((1, "no network"), (2, "espcn x2")):
        options = options_for("espcn", factor, "keep", setting)
        with Upscaler(options, ignore) as upscaler:
            seconds = partial(_enlarge_into_new_folder, options, upscaler)
            ratio = _paired(groups, seconds, isolated)
        goal, reached = ("<= 1.10", ratio <= 1.1) if factor > 1 else ("", True)
        yield Row(f"{kind}, {what}: isolated / threads", f"{ratio:.2f}", goal, reached)


def start(setting: Setting) -> Iterator[Row]:
    """Measure how long a user waits for the help text."""
    best = min(run_tool("--help").seconds for _ in range(10))
    yield Row("sr-batch --help, best of 10", f"{best:.2f} s", "<= 0.35 s", best <= 0.35)


def delegate(setting: Setting) -> Iterator[Row]:
    """Compare a call by ImageMagick with a process that only loads ONNX Runtime and a network."""
    source, made = setting.folder / "in.png", setting.folder / "out"
    Image.effect_noise((64, 64), 64).convert("RGB").save(source)
    models = find_models()
    lines = b"<delegatemap>" + delegates.lines(own_command(), models) + delegates.CLOSING
    command = delegates.commands(lines)["espcn2x"]
    tool = shlex.split(command.replace("%i", str(source)).replace("%o", str(made)))
    bare = [sys.executable, "-c", _BARE, str(choose("espcn")[2].path)]
    turns = []
    for _ in range(12):
        made.unlink(missing_ok=True)
        turns.append((run_program(bare), run_program(tool)))
    least, call = map(min, zip(*turns, strict=True))
    extra = call - least
    yield Row("onnxruntime and espcn loaded, best of 12", f"{least:.2f} s", "", True)
    yield Row("  a call by ImageMagick, 64x64: more", f"{extra:.2f} s", "<= 0.40 s", extra <= 0.4)


def training(setting: Setting) -> Iterator[Row]:
    """Compare training on pairs of files with training from memory; needs torch."""
    from benchmarks.training_steps import training_steps

    yield from training_steps(setting)


CASES: dict[str, Callable[[Setting], Iterator[Row]]] = {
    "start": start,
    "delegate": delegate,
    "speed": speed,
    "hidden": hidden,
    "memory": memory,
    "isolation": isolation,
    "eta": eta,
    "png": png,
    "graphs": graphs,
    "wrapped": wrapped,
    "engines": engines,
    "gpu": gpu,
    "serve": serve,
    "listing": listing,
    "growth": growth,
    "scale": scale,
    "streams": streams,
    "peers": peers,
    "training": training,
}
# peers, scale and training need additional packages (`make peers`); growth takes half an hour.
USUAL = [name for name in CASES if name not in ("growth", "peers", "scale", "training")]


def _flags(model: str, setting: Setting) -> tuple[str, ...]:
    jobs = str(setting.threads)
    return ("--model", model, "--device", "cpu", "--precision", "fp32", "--jobs", jobs)


def _paired(
    groups: Sequence[Sequence[Path]],
    seconds: Callable[[Sequence[Path], Loader], float],
    isolated: Loader,
) -> float:
    """The median over ``groups`` of the time with ``isolated`` over the time without."""
    seconds(groups[0], isolated)  # starts the processes and fills caches
    return median(
        ratio_in_turns(partial(seconds, group, load_file), partial(seconds, group, isolated))
        for group in groups
    )


def _turn_into_png(paths: Sequence[Path]) -> None:
    for path in paths:
        path.with_suffix(".png").write_bytes(_as_png(path))
        path.unlink()


def _as_png(path: Path) -> bytes:
    return encode_image(read_image(path.read_bytes(), path.name, MAX_PIXELS), "png", 95)


def _decode(paths: Sequence[Path], load: Loader) -> float:
    """Seconds to decode all pictures of ``paths``, one after the other."""
    files = [(path.read_bytes(), path.name) for path in paths]
    started = time.perf_counter()
    for data, name in files:
        with load(data, name, MAX_PIXELS) as file:
            list(file.pages())
    return time.perf_counter() - started


def _enlarge_into_new_folder(
    options: UpscaleOptions, upscaler: Upscaler, paths: Sequence[Path], load: Loader
) -> float:
    with tempfile.TemporaryDirectory() as out:
        return enlarge(paths, options, Path(out), upscaler, load)


def _decode_and_encode(path: Path, out: Path) -> float:
    (made,) = out.glob(f"{path.stem}*.png")
    enlarged = read_image(made.read_bytes(), made.name, MAX_PIXELS)
    data = path.read_bytes()
    started = time.perf_counter()
    read_image(data, path.name, MAX_PIXELS)
    encode_image(enlarged, "png", 95)
    return time.perf_counter() - started
