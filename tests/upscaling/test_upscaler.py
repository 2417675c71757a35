import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch.core.errors import BadOutput, DeviceUnavailable, Stopped, UnknownModel, UsageError
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.onnx_runtime import CPU
from sr_batch.inference.provider_faults import find_cuda_fault
from sr_batch.upscaling.kept_tiles import NoStore
from sr_batch.upscaling.upscaler import Upscaler
from tests.networks import conv_network, long_network
from tests.upscaling.enlarging import enlarge, ignore, noise, reference_rgb

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("networks")


@settings(max_examples=25)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from([0.3, 1, 1.5, 2, 4, 5, 8]),
    st.sampled_from([None, 0, 32]),
)
def test_progress_adds_up_to_the_input(
    width: int, height: int, scale: float, tile: int | None
) -> None:
    reported: list[int] = []
    enlarge(Image(noise(height, width, 1)), reported.append, scale=scale, tile=tile)
    assert sum(reported) == width * height
    assert min(reported) > 0


def test_knows_the_output_size_in_advance() -> None:
    with Upscaler(UpscaleOptions(model="small", scale=1.5, device="cpu"), ignore) as upscaler:
        assert upscaler.output_size(Size(41, 31)) == Size(62, 47)


def test_an_error_of_the_network_names_the_file() -> None:
    with pytest.raises(BadOutput, match=r"^cat\.png: the network returned NaN or infinite values"):
        enlarge(Image(noise(8, 8, 3)), model="nan")


def test_stops_between_tiles() -> None:
    stop = threading.Event()
    with Upscaler(UpscaleOptions(model="small", tile=32, device="cpu", jobs=1), ignore) as upscaler:
        reported: list[int] = []

        def progress(pixels: int) -> None:
            reported.append(pixels)
            stop.set()

        with pytest.raises(Stopped):
            upscaler(Image(noise(64, 64, 3)), "cat.png", progress, stop)
        assert reported == [32 * 32]


def test_stops_in_a_tile_which_is_not_kept(tmp_path: Path) -> None:
    kept: list[Any] = []
    stop = threading.Event()

    class Store(NoStore):
        def restore(self, key: Any, pieces: Any) -> Any:  # the first tile begins
            threading.Timer(0.1, stop.set).start()
            return ()

        def keep(self, key: Any, pieces: Any, finished: Any, seconds: float) -> None:
            kept.append(finished)

    chosen = UpscaleOptions(model=str(long_network(tmp_path / "a.onnx")), scale=1, device="cpu")
    with Upscaler(chosen, ignore) as upscaler, pytest.raises(Stopped):
        upscaler(Image(noise(128, 128, 3)), "cat.png", ignore, stop, Store())
    assert kept == [[]]


def test_images_in_flight_do_not_mix(folder: Path) -> None:
    pictures = [noise(50 + i, 60, 3, seed=i) for i in range(6)]
    with (
        Upscaler(UpscaleOptions(model="small", tile=32, device="cpu", jobs=2), ignore) as upscaler,
        ThreadPoolExecutor(4) as pool,
    ):
        run = pool.map(
            lambda color: upscaler(Image(color), "cat.png", ignore, threading.Event()), pictures
        )
        for color, upscaled in zip(pictures, run, strict=True):
            assert np.array_equal(upscaled.image.color, reference_rgb(folder, color))


def test_knows_its_model_and_provider(folder: Path) -> None:
    with Upscaler(UpscaleOptions(model="luma", scale=3, device="cpu"), ignore) as upscaler:
        assert (upscaler.model, upscaler.provider) == ("luma", CPU)
    path = str(folder / "small_x4.onnx")
    with Upscaler(UpscaleOptions(model=path, scale=0.5), ignore) as upscaler:
        assert (upscaler.model, upscaler.provider) == ("small", "none")


def test_auto_reports_its_choice_once() -> None:
    """Two networks are opened; a CPU without anything to fix is not worth a line."""
    lines: list[str] = []
    Upscaler(UpscaleOptions(model="small", scale=8), lines.append).close()
    fault = find_cuda_fault()
    told = fault is None or bool(fault.fix)
    assert [line.partition(": ")[0] for line in lines] == ["device"] * told


def test_refuses_bad_options_before_any_work() -> None:
    with pytest.raises(UnknownModel, match="there is no model smal; did you mean small"):
        Upscaler(UpscaleOptions(model="smal"), ignore)
    with pytest.raises(UsageError, match="--device gpu"):
        Upscaler(UpscaleOptions(model="small", scale=0.5, device="gpu"), ignore)
    if find_cuda_fault():
        with pytest.raises(DeviceUnavailable, match="--device cuda"):
            Upscaler(UpscaleOptions(model="small", device="cuda"), ignore)


# Runs in its own process, because it limits its memory.
STARVED = """
import resource, sys, threading
from pathlib import Path
import numpy as np
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.upscaling.upscaler import Upscaler

def enlarge(upscaler, side):
    color = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    return upscaler(Image(color), "cat", lambda _: None, threading.Event()).image.color

options = UpscaleOptions(model=sys.argv[1], device="cpu", tile=0, jobs=1)
lines = []
with Upscaler(options, lines.append) as upscaler:
    enlarge(upscaler, 40)
    taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (taken + (48 << 20), resource.RLIM_INFINITY))
    starved = enlarge(upscaler, 512)
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with Upscaler(options, lines.append) as upscaler:
    print(np.array_equal(starved, enlarge(upscaler, 512)))
print(*lines, sep="\\n")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_uses_smaller_tiles_if_memory_runs_out(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "wide.onnx", width=64)
    command = [sys.executable, "-c", STARVED, str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.splitlines() == [
        "True",
        "out of memory with tiles of 512 pixels, continuing with smaller ones; to start with these:"
        " --tile 256",
    ]
