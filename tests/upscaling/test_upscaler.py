import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch.core.errors import BadOutput, DeviceUnavailable, Stopped, UnknownModel, UsageError
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image, Metadata
from sr_batch.core.options import UpscaleOptions
from sr_batch.imaging.resample import bleed, resize
from sr_batch.inference import model_catalog
from sr_batch.inference.onnx_runtime import CPU
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.providers import PROVIDERS, Provider, find_cuda_fault
from sr_batch.upscaling.kept_tiles import NoStore
from sr_batch.upscaling.upscaler import Upscaled, Upscaler
from tests.imaging.ycbcr import rgb_to_ycbcr_studio, ycbcr_studio_to_rgb
from tests.networks import (
    block_network,
    conv_network,
    dazzled_network,
    long_network,
    make_spec,
    nan_network,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks of two families: ``small`` for RGB at x2 and x4, ``luma`` for Y at x3."""
    folder = tmp_path_factory.mktemp("networks")
    conv_network(folder / "small_x2.onnx", 2)
    conv_network(folder / "small_x4.onnx", 4)
    conv_network(folder / "luma_x3.onnx", 3, "y")
    block_network(folder / "block_x2.onnx")
    nan_network(folder / "nan_x2.onnx")
    dazzled_network(folder)
    return folder


@pytest.fixture(autouse=True)
def networks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_catalog, "_FOLDERS", (folder,))


def ignore(_: Any) -> None:
    pass


def choose(**options: Any) -> UpscaleOptions:
    defaults: dict[str, Any] = {"model": "small", "device": "cpu", "jobs": 2}
    return UpscaleOptions(**defaults | options)


def enlarge(image: Image, progress: Callable[[int], None] = ignore, **options: Any) -> Upscaled:
    with Upscaler(choose(**options), ignore) as upscaler:
        return upscaler(image, "cat.png", progress, threading.Event())


def noise(*shape: int, kind: Any = np.uint8, seed: int = 0) -> np.ndarray:
    random, top = np.random.default_rng(seed), np.iinfo(kind).max
    pixels: np.ndarray = random.integers(0, top, shape, kind, endpoint=True)
    return pixels


def infer(path: Path, planes: np.ndarray) -> np.ndarray:
    """Run only the network, on whole planes (C, h, w)."""
    out: np.ndarray = OnnxSession.open(path)(planes[None].astype(np.float32))[0]
    return out


def to_integers(values: np.ndarray, kind: Any) -> np.ndarray:
    integers: np.ndarray = np.rint(values.clip(0, 1) * np.iinfo(kind).max).astype(kind)
    return integers


def reference_rgb(folder: Path, color: np.ndarray, scale: int = 2) -> np.ndarray:
    planes = color.transpose(2, 0, 1) / np.iinfo(color.dtype).max
    out = infer(folder / f"small_x{scale}.onnx", planes)
    return to_integers(out.transpose(1, 2, 0), color.dtype)


def reference_gray(folder: Path, plane: np.ndarray) -> np.ndarray:
    values = infer(folder / "small_x2.onnx", np.repeat(plane[None] / 255, 3, 0))
    return to_integers(values.mean(axis=0), plane.dtype)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("tile", [None, 0, 32])
def test_equals_the_network_on_the_whole_image(folder: Path, tile: int | None, kind: Any) -> None:
    color = noise(75, 91, 3, kind=kind)
    out = enlarge(Image(color), tile=tile).image
    assert out.color.dtype == kind
    assert np.array_equal(out.color, reference_rgb(folder, color))


def test_gray_stays_gray(folder: Path) -> None:
    color = noise(40, 50, 1)
    out = enlarge(Image(color), tile=32).image
    assert np.array_equal(out.color[..., 0], reference_gray(folder, color[..., 0]))


def test_colour_under_transparent_pixels_does_not_leak(folder: Path) -> None:
    y, x = np.mgrid[:60, :50]
    alpha = np.clip(255 * (20 - np.hypot(y - 30, x - 25)), 0, 255).astype(np.uint8)
    hidden = alpha[..., None] == 0
    color = np.where(hidden, noise(60, 50, 3, seed=1), noise(60, 50, 3))
    out = enlarge(Image(color, alpha), tile=32).image
    assert np.array_equal(out.color, reference_rgb(folder, bleed(color, alpha)))
    assert out.alpha is not None
    assert np.array_equal(out.alpha, reference_gray(folder, alpha))
    other = np.where(hidden, noise(60, 50, 3, seed=2), color)
    assert np.array_equal(enlarge(Image(other, alpha)).image.color, out.color)


@pytest.mark.parametrize("tile", [None, 32])
def test_luma_mode_enlarges_chroma_bicubically(folder: Path, tile: int | None) -> None:
    color = noise(70, 45, 3)
    out = enlarge(Image(color), model="luma", scale=3, tile=tile).image
    ycbcr = rgb_to_ycbcr_studio((color / 255).astype(np.float32))
    enlarged = resize(ycbcr, Size(135, 210), "bicubic")
    enlarged[..., 0] = infer(folder / "luma_x3.onnx", ycbcr[None, ..., 0])[0]
    expected = ycbcr_studio_to_rgb(enlarged).clip(0, 1) * 255
    assert np.abs(out.color - expected).max() < 0.501


@pytest.mark.parametrize("model", ["small", "luma"])
@pytest.mark.parametrize("mode", ["auto", "rgb", "y"])
def test_every_mode_accepts_every_network(model: str, mode: str) -> None:
    """A gray RGB picture must stay gray, and nearly as bright."""
    color = np.full((20, 30, 3), 140, np.uint8)
    out = enlarge(Image(color), model=model, mode=mode, scale=3).image
    assert out.size == Size(90, 60)
    inner = out.color[10:-10, 10:-10].astype(int)
    assert np.ptp(inner, axis=2).max() <= 2 * (model == "small")
    assert np.abs(inner - 140).max() <= 8


@pytest.mark.parametrize("tile", [0, 32, 37])
@pytest.mark.parametrize("size", [(64, 80), (61, 79), (9, 13)])
def test_pads_to_multiples_and_crops_the_output(
    folder: Path, size: tuple[int, int], tile: int
) -> None:
    color = noise(*size, 3)
    down, right = -size[0] % 4, -size[1] % 4
    padded = np.pad(color, ((0, down), (0, right), (0, 0)), mode="edge")
    whole = infer(folder / "block_x2.onnx", padded.transpose(2, 0, 1) / 255).transpose(1, 2, 0)
    expected = to_integers(whole[: 2 * size[0], : 2 * size[1]], np.uint8)
    assert np.array_equal(enlarge(Image(color), model="block", tile=tile).image.color, expected)


def test_eight_times_is_four_times_two(folder: Path) -> None:
    color = noise(11, 14, 3)
    out = enlarge(Image(color), scale=8, tile=32).image
    assert np.array_equal(out.color, reference_rgb(folder, reference_rgb(folder, color, 4)))


@pytest.mark.parametrize(("scale", "native"), [(1.5, 2), (3, 4), (2.01, 4)])
def test_a_scale_between_two_networks_reduces_the_larger(
    folder: Path, scale: float, native: int
) -> None:
    color, alpha = noise(31, 41, 3), np.full((31, 41), 9, np.uint8)
    out = enlarge(Image(color, alpha), scale=scale).image
    size = Size(41, 31) * scale
    assert out.size == size
    assert np.array_equal(out.color, resize(reference_rgb(folder, color, native), size, "lanczos"))
    assert out.alpha is not None
    assert out.alpha.shape == (size.height, size.width)
    assert (out.alpha == 9).all()


@pytest.mark.parametrize("scale", [0.5, 1])
def test_resamples_if_the_scale_does_not_enlarge(scale: float) -> None:
    color = noise(31, 41, 3)
    reported: list[int] = []
    upscaled = enlarge(Image(color), reported.append, scale=scale)
    size = Size(41, 31) * scale
    assert np.array_equal(upscaled.image.color, resize(color, size, "lanczos"))
    (note,) = upscaled.notes
    assert f"because a scale of {scale:g} needs none" in note
    assert reported == [31 * 41]


def test_keeps_metadata_and_format() -> None:
    metadata = Metadata(icc=b"profile", exif=b"II", dpi=(300, 300))
    out = enlarge(Image(noise(9, 9, 3), None, metadata, "tif"), scale=3).image
    assert (out.metadata, out.format) == (metadata, "tif")


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


@pytest.mark.parametrize("options", [{}, {"self_ensemble": True}, {"model": "block"}], ids=str)
def test_no_pixel_depends_on_batches_or_fixed_windows(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CPU with the batches and windows of a GPU, on pictures of several sizes at a time."""
    pictures = [Image(noise(70 + 31 * i, 150 - 20 * i, 3, seed=i)) for i in range(5)]
    usual = [enlarge(image, **options).image.color for image in pictures]
    for_gpu = replace(PROVIDERS["cpu"], batch=4, window=64)
    monkeypatch.setitem(cast(dict[str, Provider], PROVIDERS), "cpu", for_gpu)
    shapes = set()
    call = OnnxSession.__call__

    def watched(session: OnnxSession, batch: np.ndarray) -> np.ndarray:
        shapes.add(batch.shape[1:])
        return call(session, batch)

    monkeypatch.setattr(OnnxSession, "__call__", watched)
    with Upscaler(choose(**options), ignore) as upscaler, ThreadPoolExecutor(5) as pool:
        run = pool.map(lambda image: upscaler(image, "a", ignore, threading.Event()), pictures)
        for color, upscaled in zip(usual, run, strict=True):
            assert np.array_equal(upscaled.image.color, color)
    assert shapes == {(3, 64, 64)}


def recipe(**options: Any) -> str:
    with Upscaler(choose(**options), ignore) as upscaler:
        return upscaler.recipe


@pytest.mark.parametrize(
    "other",
    [{"model": "block"}, {"scale": 4}, {"scale": 1.5}, {"mode": "y"}, {"overlap": "full"}],
    ids=str,
)
def test_recipe_changes_with_options_that_change_pixels(other: dict[str, Any]) -> None:
    assert recipe(**other) != recipe()


@pytest.mark.parametrize(
    "other", [{"tile": 64}, {"jobs": 1}, {"device": "auto"}, {"quality": 1}], ids=str
)
def test_recipe_ignores_options_that_keep_pixels(other: dict[str, Any]) -> None:
    assert recipe(**other) == recipe()


def test_recipe_depends_on_the_content_of_the_network(folder: Path, tmp_path: Path) -> None:
    other = conv_network(tmp_path / "small_x2.onnx", 2, width=9)
    same = tmp_path / "same.onnx"
    same.write_bytes((folder / "small_x2.onnx").read_bytes())
    assert recipe(model=str(other)) != recipe(model=str(same)) == recipe()


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
    with pytest.raises(UnknownModel, match="no model is called smal: did you mean small"):
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


def test_half_precision_that_overflows_is_replaced_by_fp32_for_the_rest_of_the_run() -> None:
    """A dark picture does not overflow; a bright one is repeated, and reported only once."""
    dark, bright = Image(noise(20, 30, 3) // np.uint8(2)), Image(noise(20, 30, 3) | np.uint8(0xF0))
    lines: list[str] = []
    with Upscaler(choose(model="dazzled", precision="fp16"), lines.append) as upscaler:
        for image, lines_so_far in ((dark, 0), (bright, 1), (bright, 1), (dark, 1)):
            reported: list[int] = []
            made = upscaler(image, "a", reported.append, threading.Event()).image
            np.testing.assert_allclose(made.color[::2, ::2].astype(int), image.color, atol=1)
            assert sum(reported) == image.size.pixels
            assert len(lines) == lines_so_far
    assert lines == [
        "dazzled x2 in fp16 returned NaN or infinite values; it runs in fp32 from now on"
    ]


def test_images_in_flight_replace_the_network_once() -> None:
    images = [Image(noise(40, 40, 3, seed=seed) | np.uint8(0xF0)) for seed in range(8)]
    lines: list[str] = []
    with (
        Upscaler(choose(model="dazzled", precision="fp16"), lines.append) as upscaler,
        ThreadPoolExecutor(8) as threads,
    ):
        made = threads.map(lambda each: upscaler(each, "a", ignore, threading.Event()), images)
        for image, upscaled in zip(images, made, strict=True):
            np.testing.assert_allclose(
                upscaled.image.color[::2, ::2].astype(int), image.color, atol=1
            )
    assert len(lines) == 1


def test_half_precision_without_an_fp32_file_fails_if_it_overflows(
    folder: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.onnx"
    alone.write_bytes((folder / "dazzled_x2_fp16.onnx").read_bytes())
    with pytest.raises(BadOutput):
        enlarge(Image(noise(20, 30, 3) | np.uint8(0xF0)), model=str(alone))


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_colors_are_locked_on_demand(scale: int) -> None:
    image = Image(np.full((60, 70, 3), (40, 120, 200), np.uint8))
    free, locked = (
        enlarge(image, scale=scale, color_lock=lock).image.color.mean((0, 1)) for lock in (0, 1)
    )
    assert np.abs(locked - image.color[0, 0]).max() <= 2
    assert scale == 1 or np.abs(free - image.color[0, 0]).max() > 30


@pytest.mark.parametrize(("given", "locks"), [(None, True), (False, False), (True, True)])
def test_colors_are_locked_where_the_contract_says_so(
    tmp_path: Path, given: bool | None, locks: bool
) -> None:
    shifty = replace(make_spec(receptive_field=5, overlap=2), color_lock=True)
    path = conv_network(tmp_path / "shifty_x2.onnx", spec=shifty)
    image = Image(np.full((60, 70, 3), (40, 120, 200), np.uint8))
    mean = enlarge(image, model=str(path), color_lock=given).image.color.mean((0, 1))
    assert (np.abs(mean - image.color[0, 0]).max() <= 2) == locks


def test_color_lock_and_precision_are_part_of_the_recipe() -> None:
    recipes = set()
    chosen: tuple[dict[str, Any], ...] = (
        {},
        {"color_lock": True},
        {"color_lock": False},
        {"precision": "fp16"},
    )
    for options in chosen:
        with Upscaler(choose(model="dazzled", **options), ignore) as upscaler:
            recipes.add(upscaler.recipe)
    assert len(recipes) == 4
