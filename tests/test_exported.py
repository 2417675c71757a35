"""Tests of every exported network: tiles, odd sizes, and the files beside it."""

import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch.bench.completeness import gaps, row_gaps
from sr_batch.bench.model_bench import committed_pictures
from sr_batch.bench.pictures import read_set
from sr_batch.bench.report import load_report
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.model_catalog import ModelFile, find_models
from sr_batch.upscaling.upscaler import Upscaler

ROOT = Path(__file__).parents[1]
PHOTOS = sorted((ROOT / "examples" / "photos").glob("*.jpg"))
BASELINE = load_report(ROOT / "benchmarks" / "baseline.json")
# These take seconds for a picture, so they get smaller and fewer ones. Their fp16 files have the
# same graphs as the fp32 files, and only `sr-batch bench` tests them on tiles.
SLOW = ("srcnn_deep", "vdsr")
RARE = 1e-5


def each(models: Collection[ModelFile]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("model", models, ids=lambda model: model.path.stem)


MODELS = each(find_models())
TILED = each([m for m in find_models() if m.name not in SLOW or m.precision != "fp16"])


def pictures(seed: int, model: ModelFile) -> Iterator[np.ndarray]:
    """Endless crops of photographs with odd sizes, some with grain and hard-edged shapes."""
    random = np.random.default_rng(seed)
    sides = (33, 36) if model.name in SLOW else (30, 75)
    while True:
        for path in PHOTOS:
            with Pillow.open(path) as photo:
                width, height = random.integers(*sides, 2) * 2 + 1
                left = random.integers(photo.width - width)
                top = random.integers(photo.height - height)
                crop = photo.convert("RGB").crop((left, top, left + width, top + height))
            pixels = np.asarray(crop)
            if random.random() < 0.3:
                pixels = _roughened(pixels, random)
            yield pixels


def _roughened(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    rough = pixels + random.normal(0, 12, pixels.shape)
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    for _ in range(5):
        centre_y, centre_x = random.integers(0, pixels.shape[:2])
        rough[np.hypot(y - centre_y, x - centre_x) < random.integers(2, 20)] = random.integers(256)
    return rough.clip(0, 255).astype(np.uint8)


def enlarge(pixels: np.ndarray, model: ModelFile, **options: Any) -> np.ndarray:
    chosen = UpscaleOptions(model=str(model.path), scale=model.scale, device="cpu", **options)
    with Upscaler(chosen, lambda _: None) as upscaler:
        enlarged = upscaler(Image(pixels), "picture", lambda _: None, threading.Event())
    return enlarged.image.color.astype(np.int32)


@TILED
def test_tiles_leave_no_seams(model: ModelFile) -> None:
    """With the contract's overlap, at most one in 100,000 samples changes, by at most one level."""
    samples, changed, enough = 0, 0, 1e5 if model.name in SLOW else 4e5
    random = np.random.default_rng(0)
    for pixels in pictures(0, model):
        tiled = enlarge(pixels, model, tile=int(random.integers(32, 65)))
        difference = np.abs(tiled - enlarge(pixels, model, tile=0))
        assert difference.max() <= 1
        samples += difference.size
        changed += int(np.count_nonzero(difference))
        if samples > enough:
            break
    assert changed <= RARE * samples


@TILED
@pytest.mark.parametrize("mode", ["rgb", "y"])
def test_full_overlap_makes_tiles_equal(model: ModelFile, mode: str) -> None:
    """Bit for bit, in 16 bits, which show the last bits of a float sooner than 8 bits."""
    deep = next(pictures(len(mode), model)).astype(np.uint16) * 257
    tiled = enlarge(deep, model, mode=mode, tile=64, overlap="full")
    assert np.array_equal(tiled, enlarge(deep, model, mode=mode, tile=0))


@MODELS
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 1), (2, 33)])
def test_a_tiny_picture_keeps_its_colour(model: ModelFile, size: tuple[int, int]) -> None:
    """Networks see zeros beyond the border, which must not outweigh the picture."""
    pixels = np.full((*size, 3), (40, 120, 230), np.uint8)
    assert np.abs(enlarge(pixels, model) - pixels[0, 0]).max() <= 20


@MODELS
def test_has_a_card_and_a_record(model: ModelFile) -> None:
    assert [*gaps(model)] == []


def test_the_baseline_has_exactly_one_row_for_every_network() -> None:
    assert [*row_gaps(find_models(), BASELINE.rows)] == []


def test_the_baseline_was_measured_on_the_committed_pictures() -> None:
    sets = [read_set(folder) for folder in (committed_pictures(), ROOT / "examples" / "photos")]
    assert BASELINE.sets == {each.name: each.digest for each in sets}
    for row in BASELINE.rows.values():
        assert row.quality.keys() == BASELINE.sets.keys()
