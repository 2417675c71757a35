"""Tests of every exported network: tiles, odd sizes, and the files beside it."""

import threading
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image as Pillow

from sr_batch.bench.completeness import gaps, row_gaps
from sr_batch.bench.model_bench import committed_pictures
from sr_batch.bench.pictures import read_set
from sr_batch.bench.report import load_report
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.model_catalog import ModelFile, find_models
from sr_batch.inference.onnx_session import read_spec
from sr_batch.upscaling.upscaler import Upscaler

ROOT = Path(__file__).parents[1]
PHOTOS = sorted((ROOT / "examples" / "photos").glob("*.jpg"))
BASELINE = load_report(ROOT / "benchmarks" / "baseline.json")
# These take seconds for a picture, so they get smaller and fewer ones.
SLOW = ("srcnn_deep", "vdsr")
# On luma and on RGB, in float and in int8, shallow and deep; the other files are slow tests.
QUICK = ("espcn_x2", "espcn_x2_int8", "srcnn_x3", "fast_x2", "fast_x2_int8", "balanced_x4")
RARE = 1e-5
# Pictures of the other files are this thin where tiles must be equal: a row or a column of tiles.
# Those of the slow ones are smaller still: two tiles.
THIN, LEAST = 31, (13, 41)


def each(models: Collection[ModelFile]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "model",
        [
            pytest.param(m, id=m.path.stem, marks=[pytest.mark.slow] * (m.path.stem not in QUICK))
            for m in models
        ],
    )


# The fp16 files have the graphs of the fp32 files, and only `sr-batch bench` tests them on tiles:
# all but these, whose contracts promise another overlap.
OWN_OVERLAP = (
    "balanced_x3_fp16",
    "esrgan_x4_fp16",
    "photo_x3_fp16",
    "photo_x4_fp16",
    "rrdb_x4_fp16",
)
TILED = each([m for m in find_models() if m.precision != "fp16" or m.path.stem in OWN_OVERLAP])


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
    (enlarged,) = enlarge_all([pixels], model, **options)
    return enlarged


def enlarge_all(
    pictures: Iterable[np.ndarray], model: ModelFile, **options: Any
) -> list[np.ndarray]:
    chosen = UpscaleOptions(model=str(model.path), scale=model.scale, device="cpu", **options)
    with Upscaler(chosen, lambda _: None) as upscaler:
        results = [
            upscaler(Image(pixels), "picture", lambda _: None, threading.Event())
            for pixels in pictures
        ]
    return [result.image.color.astype(np.int32) for result in results]


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
    tile = 64
    if model.name in SLOW:
        short, long = LEAST
        deep, tile = deep[:short, :long] if mode == "rgb" else deep[:long, :short], 32
    elif model.path.stem not in QUICK:
        deep, tile = deep[:THIN] if mode == "rgb" else deep[:, :THIN], 32
    tiled = enlarge(deep, model, mode=mode, tile=tile, overlap="full")
    assert np.array_equal(tiled, enlarge(deep, model, mode=mode, tile=0))


def test_a_half_precision_file_has_the_graph_of_its_twin() -> None:
    models = {model.path.stem: model.path for model in find_models()}
    halves = [stem for stem in models if stem.endswith("_fp16")]
    assert {*OWN_OVERLAP} <= {*halves}
    for stem in halves:
        half, full = models[stem], models[stem.removesuffix("_fp16")]
        assert operators(half) == operators(full), stem
        assert read_spec(half).receptive_field == read_spec(full).receptive_field
        assert stem in OWN_OVERLAP or read_spec(half).overlap == read_spec(full).overlap


def operators(path: Path) -> list[tuple[str, list[bytes]]]:
    """The operators of a network with their attributes, without the casts."""
    return [
        (node.op_type, sorted(each.SerializeToString() for each in node.attribute))
        for node in onnx.load(path).graph.node
        if node.op_type != "Cast"
    ]


def test_a_picture_of_few_pixels_keeps_its_colour() -> None:
    """Networks see nothing but black beyond the border: it must not be all they see."""
    color, sizes = (40, 120, 230), ((1, 1), (1, 2), (3, 1), (2, 33))
    few = [np.full((*size, 3), color, np.uint8) for size in sizes]
    changed = [
        f"{model.path.stem} changes {size}"
        for model in find_models()
        for size, enlarged in zip(sizes, enlarge_all(few, model), strict=True)
        if np.abs(enlarged - color).max() > 20
    ]
    assert changed == []


def test_a_card_and_a_record_lie_beside_every_network() -> None:
    assert [f"{model.path.stem}: {gap}" for model in find_models() for gap in gaps(model)] == []


def test_the_quick_ones_exist() -> None:
    assert {*QUICK} <= {model.path.stem for model in find_models()}


def test_the_baseline_has_exactly_one_row_for_every_network() -> None:
    assert [*row_gaps(find_models(), BASELINE.rows)] == []


def test_the_baseline_was_measured_on_the_committed_pictures() -> None:
    sets = [read_set(folder) for folder in (committed_pictures(), ROOT / "examples" / "photos")]
    assert BASELINE.sets == {each.name: each.digest for each in sets}
    for row in BASELINE.rows.values():
        assert row.quality.keys() == BASELINE.sets.keys()
