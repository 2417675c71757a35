"""R9: memory depends on the pixels of one image, not on the number of images or their claims."""

import time
from pathlib import Path

import pytest

from benchmarks.photos import EXAMPLES, photographs
from benchmarks.process import run_tool
from sr_batch import codec
from sr_batch.core.errors import ImageTooLarge
from sr_batch.core.options import MAX_PIXELS
from tests.corpus.refused import REFUSED

MIB = 2**20
FLAGS = ("--model", "espcn", "--device", "cpu", "--jobs", "2")
MORE = 1.5
# A pixel of 8-bit RGB and the four that it becomes are 15 bytes, and encoders and decoders need as
# much again. The libraries and the tiles in flight come on top.
BYTES_PER_PIXEL = 30
TILES = 768 * MIB
REFUSAL = 16 * MIB
BOMBS = [name for name in REFUSED if name.startswith("bomb")]


def peak(folder: Path, code: int = 0) -> int:
    cost = run_tool("upscale", str(folder), *FLAGS, code=code)
    print(f"peak of {folder.name}: {cost.peak_bytes / MIB:.0f} MiB in {cost.seconds:.1f} s")
    return cost.peak_bytes


@pytest.mark.parametrize(
    ("few", "many"),
    [pytest.param(8, 40, marks=pytest.mark.slow), pytest.param(30, 400, marks=pytest.mark.soak)],
)
def test_many_images_need_no_more_than_few(few: int, many: int, tmp_path: Path) -> None:
    peaks = []
    for count in (few, many):
        photographs(EXAMPLES, tmp_path / f"{count} images", count, (0.02, 0.06))
        peaks.append(peak(tmp_path / f"{count} images"))
    assert peaks[1] <= MORE * peaks[0]


@pytest.mark.parametrize(
    "megapixels",
    [pytest.param(1.5, marks=pytest.mark.slow), pytest.param(6, marks=pytest.mark.soak)],
)
def test_the_network_needs_what_its_tiles_need(megapixels: float, tmp_path: Path) -> None:
    """The smaller picture without tiles takes 1100 MiB."""
    folder = tmp_path / f"{megapixels} megapixels"
    photographs(EXAMPLES, folder, 1, (megapixels, megapixels))
    assert peak(folder) <= TILES + BYTES_PER_PIXEL * megapixels * 1e6


@pytest.mark.soak
def test_a_larger_image_needs_more_for_its_pixels_only(tmp_path: Path) -> None:
    peaks = []
    for megapixels in (6, 24):
        folder = tmp_path / f"{megapixels} megapixels"
        photographs(EXAMPLES, folder, 1, (megapixels, megapixels))
        peaks.append(peak(folder))
    assert peaks[1] - peaks[0] <= BYTES_PER_PIXEL * 18e6


def test_a_header_over_the_limit_is_refused_in_no_memory(tmp_path: Path) -> None:
    for name in ("nothing", "bombs"):
        (tmp_path / name).mkdir()
    (tmp_path / "nothing" / "empty.png").touch()
    for name in BOMBS:
        bomb = REFUSED[name].make()
        (tmp_path / "bombs" / name).write_bytes(bomb)
        started = time.perf_counter()
        with pytest.raises(ImageTooLarge):
            codec.read_header(bomb, name, MAX_PIXELS)
        print(f"{name} is refused in {(time.perf_counter() - started) * 1e3:.1f} ms")
    assert len(BOMBS) >= 7
    assert peak(tmp_path / "bombs", code=3) <= peak(tmp_path / "nothing", code=3) + REFUSAL
