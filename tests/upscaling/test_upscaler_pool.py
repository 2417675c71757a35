"""Callers with different options share networks and tile threads, and get what each would alone."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from sr_batch.core.errors import BadOutput, DeviceUnavailable, Stopped, UnknownModel
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference import model_catalog
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.provider_faults import Fault
from sr_batch.inference.providers import PROVIDERS, Provider
from sr_batch.upscaling.auto_upscaler import open_upscaler
from sr_batch.upscaling.kept_tiles import NoStore
from sr_batch.upscaling.upscaler_pool import UpscalerPool
from tests.networks import conv_network, dazzled_network, long_network, make_spec, nan_network

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("networks")
    for scale in (2, 3):
        conv_network(folder / f"small_x{scale}.onnx", scale)
    for seed, name in enumerate(("balanced", "photo")):
        spec = replace(
            make_spec(receptive_field=5, overlap=2, name=name),
            partner="" if name == "balanced" else "balanced",
        )
        conv_network(folder / f"{name}_x2.onnx", spec=spec, seed=seed)
    nan_network(folder / "nan_x2.onnx")
    dazzled_network(folder)
    return folder


@pytest.fixture(autouse=True)
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were opened, in their order."""
    opened: list[str] = []
    real = OnnxSession.open.__func__  # type: ignore[attr-defined]

    def spy(cls: type[OnnxSession], path: Path, *rest: Any) -> OnnxSession:
        opened.append(path.name)
        session: OnnxSession = real(cls, path, *rest)
        return session

    monkeypatch.setattr(model_catalog, "_FOLDERS", (folder,))
    monkeypatch.setattr(OnnxSession, "open", classmethod(spy))
    return opened


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def pool(said: list[str]) -> Iterator[UpscalerPool]:
    pool = UpscalerPool(said.append, jobs=2)
    yield pool
    pool.close()


def options(**chosen: Any) -> UpscaleOptions:
    return UpscaleOptions(**{"model": "small", "device": "cpu"} | chosen)


def picture(width: int = 60, height: int = 40, seed: int = 0) -> Image:
    random = np.random.default_rng(seed)
    return Image(random.integers(0, 256, (height, width, 3), np.uint8))


def enlarge(pool: UpscalerPool, image: Image, **chosen: Any) -> np.ndarray:
    with pool.using(options(**chosen)) as upscaler:
        return upscaler(image, "cat", lambda _: None, threading.Event()).image.color


def alone(image: Image, **chosen: Any) -> np.ndarray:
    with open_upscaler(options(**chosen), lambda _: None) as upscaler:
        return upscaler(image, "cat", lambda _: None, threading.Event()).image.color


def test_eight_first_calls_at_once_open_one_network(pool: UpscalerPool, opened: list[str]) -> None:
    image, all_here = picture(), threading.Barrier(8)

    def first_call(number: int) -> np.ndarray:
        all_here.wait()
        return enlarge(pool, image, width=100 + number)

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(first_call, range(8)))
    assert [each.shape[1] for each in made] == [*range(100, 108)]
    assert (opened, pool.networks) == (["small_x2.onnx"], 1)


def test_qualities_formats_and_names_need_no_other_upscaler(pool: UpscalerPool) -> None:
    chosen: list[dict[str, Any]] = [
        *({"quality": quality} for quality in range(80, 90)),
        {"format": "png"},
        {"metadata": "strip"},
        {"verify": True, "name": "{stem}", "max_pixels": 99},
    ]
    found = set()
    for each in chosen:
        with pool.using(options(**each)) as upscaler:
            found.add(upscaler)
    assert len(found) == 1
    with pool.using(options(overlap=0)) as other:
        assert other not in found


CHOSEN: list[dict[str, Any]] = [
    {},
    {"scale": 1.5},
    {"scale": 3},
    {"scale": 5},
    {"width": 100},
    {"tile": 32},
    {"tile": 0, "overlap": "full"},
    {"mode": "y"},
    {"self_ensemble": True},
    {"color_lock": True},
    {"jobs": 1},
    {"model": "auto"},
    {"model": "auto", "strength": 0.5},
    {"model": "photo", "strength": 0.25},
    {"model": "dazzled", "precision": "fp16"},
]


def test_each_caller_gets_what_it_would_get_alone(
    pool: UpscalerPool, opened: list[str], said: list[str]
) -> None:
    pictures = [picture(60 + n, 50 - n, n) for n, _ in enumerate(CHOSEN)]
    with ThreadPoolExecutor(len(CHOSEN)) as threads:
        made = threads.map(
            lambda pair: enlarge(pool, pair[0], **pair[1]), zip(pictures, CHOSEN, strict=True)
        )
        together = list(made)
    assert Counter(opened) == {
        "small_x2.onnx": 1,
        "small_x3.onnx": 1,
        "photo_x2.onnx": 3,  # itself, and two blends
        "dazzled_x2_fp16.onnx": 1,
        "dazzled_x2.onnx": 1,
    }
    for image, chosen, color in zip(pictures, CHOSEN, together, strict=True):
        np.testing.assert_array_equal(color, alone(image, **chosen))
    assert len(said) == len(set(said))


def test_a_network_that_overflows_is_replaced_for_its_callers(
    pool: UpscalerPool, opened: list[str], said: list[str]
) -> None:
    bright = Image(picture().color | np.uint8(0xF0))
    for number in range(3):
        color = enlarge(pool, bright, model="dazzled", precision="fp16", width=120 + number)
        assert np.abs(color.mean() - bright.color.mean()) < 5
    assert sorted(opened) == ["dazzled_x2.onnx", "dazzled_x2_fp16.onnx"]
    assert said == [
        "dazzled x2 in fp16 returned NaN or infinite values; it runs in fp32 from now on"
    ]


def test_idle_networks_are_closed_and_opened_again(pool: UpscalerPool, opened: list[str]) -> None:
    first = enlarge(pool, picture())
    enlarge(pool, picture(), scale=3)
    assert (pool.release(3600), pool.networks) == (0, 2)
    assert (pool.release(0), pool.networks) == (2, 0)
    np.testing.assert_array_equal(enlarge(pool, picture()), first)
    assert opened == ["small_x2.onnx", "small_x3.onnx", "small_x2.onnx"]


def test_an_upscaler_that_is_held_opens_its_network_again(pool: UpscalerPool) -> None:
    with pool.using(options()) as upscaler:
        for _ in range(2):
            upscaler(picture(), "cat", lambda _: None, threading.Event())
            assert pool.release(0) == 1


def test_a_network_at_work_is_not_closed(pool: UpscalerPool) -> None:
    released: list[int] = []
    with pool.using(options(tile=32)) as upscaler:
        upscaler(picture(), "cat", lambda _: released.append(pool.release(0)), threading.Event())
    assert released
    assert not any(released)


def test_failed_calls_hold_no_network(pool: UpscalerPool) -> None:
    with pytest.raises(BadOutput):
        enlarge(pool, picture(), model="nan")
    assert pool.networks == 1
    assert pool.release(0) == 1


def test_keeps_few_networks_if_asked_to(said: list[str]) -> None:
    pool = UpscalerPool(said.append, most_networks=1)
    for scale in (2, 3, 2):
        enlarge(pool, picture(), scale=scale)
        assert pool.networks == 1
    pool.close()


def test_wrong_models_and_devices_are_refused_before_any_work(
    pool: UpscalerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pytest.raises(UnknownModel, match="there is no model nope"),
        pool.using(options(model="nope")),
    ):
        pass
    broken = replace(PROVIDERS["openvino"], find_fault=lambda: Fault("it rains"))
    monkeypatch.setitem(cast(dict[str, Provider], PROVIDERS), "openvino", broken)
    for model in ("small", "auto"):
        with (
            pytest.raises(DeviceUnavailable, match="--device openvino: it rains"),
            pool.using(options(model=model, device="openvino")),
        ):
            pass


class Started(NoStore):
    """Tells when the tiles of a picture begin."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def restore(self, key: Any, pieces: Any) -> Any:
        self.event.set()
        return ()


def seconds_to_stop(pool: UpscalerPool, chosen: UpscaleOptions, image: Image) -> float:
    """From the stop event to the end of the call."""
    started, stop = Started(), threading.Event()
    with pool.using(chosen) as upscaler, ThreadPoolExecutor(1) as threads:
        call = threads.submit(upscaler, image, "cat", lambda _: None, stop, started)
        assert started.event.wait(60)
        time.sleep(0.1)  # the tile is in the network now
        stop.set()
        began = time.monotonic()
        with pytest.raises(Stopped):
            call.result()
        return time.monotonic() - began


def test_a_stop_ends_the_tile_in_flight(pool: UpscalerPool, tmp_path: Path) -> None:
    path = long_network(tmp_path / "long.onnx")
    chosen = options(model=str(path), scale=1, tile=0)
    assert seconds_to_stop(pool, chosen, picture(128, 128)) < 5


@pytest.mark.slow
def test_a_stop_ends_a_tile_of_25_seconds(
    pool: UpscalerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_catalog, "_FOLDERS", (ROOT / "exported",))
    chosen = options(model="edsr", scale=4, tile=512)
    assert seconds_to_stop(pool, chosen, picture(512, 512)) < 5


def test_closing_ends_the_work_in_flight(said: list[str], tmp_path: Path) -> None:
    pool, started = UpscalerPool(said.append, jobs=1), Started()
    path = long_network(tmp_path / "long.onnx", layers=5)
    chosen, stop = options(model=str(path), scale=1, tile=32), threading.Event()
    with pool.using(chosen) as upscaler, ThreadPoolExecutor(1) as threads:
        call = threads.submit(upscaler, picture(500, 500), "cat", lambda _: None, stop, started)
        assert started.event.wait(60)
        pool.close()
        with pytest.raises(Stopped):
            call.result()
    with pytest.raises(Stopped):
        upscaler(picture(), "cat", lambda _: None, threading.Event())


# Runs in its own process, because it measures its memory.
RESIDENT = """
import sys, threading
from pathlib import Path
import numpy as np
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.onnx_runtime import load_runtime
from sr_batch.upscaling.upscaler_pool import UpscalerPool

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20

load_runtime()
pool = UpscalerPool(print, jobs=2)
levels = [resident()]
image = Image(np.zeros((800, 800, 3), np.uint8))
with pool.using(UpscaleOptions(model=sys.argv[1], device="cpu", tile=0)) as upscaler:
    upscaler(image, "cat", lambda _: None, threading.Event())
del upscaler
levels.append(resident())
pool.release(0)
levels.append(resident())
print(*levels)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_comes_back(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "wide.onnx", width=64)
    run = subprocess.run(
        [sys.executable, "-c", RESIDENT, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    start, used, released = map(int, run.stdout.split())
    assert used > start + 150
    assert released < start + 100
