import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from sr_batch.core.geometry import Size
from sr_batch.core.image import Image, Metadata
from sr_batch.imaging.resample import bleed, resize
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.providers import PROVIDERS, Provider
from sr_batch.upscaling.upscaler import Upscaler
from tests.imaging.ycbcr import rgb_to_ycbcr_studio, ycbcr_studio_to_rgb
from tests.upscaling.enlarging import (
    choose,
    enlarge,
    ignore,
    infer,
    noise,
    reference_gray,
    reference_rgb,
    to_integers,
)

pytestmark = pytest.mark.usefixtures("networks")


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


@pytest.mark.parametrize(
    ("scale", "note"),
    [
        (0.5, "reduced by ordinary resampling, without a network"),
        (1, "the size stays the same, so no network ran"),
    ],
)
def test_resamples_if_the_scale_does_not_enlarge(scale: float, note: str) -> None:
    color = noise(31, 41, 3)
    reported: list[int] = []
    upscaled = enlarge(Image(color), reported.append, scale=scale)
    size = Size(41, 31) * scale
    assert np.array_equal(upscaled.image.color, resize(color, size, "lanczos"))
    assert upscaled.notes == (note,)
    assert reported == [31 * 41]


def test_keeps_metadata_and_format() -> None:
    metadata = Metadata(icc=b"profile", exif=b"II", dpi=(300, 300))
    out = enlarge(Image(noise(9, 9, 3), None, metadata, "tif"), scale=3).image
    assert (out.metadata, out.format) == (metadata, "tif")


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
