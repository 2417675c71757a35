"""R9: memory goes by the pixels of one image, not by how many there are or what they claim."""

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
# RGB of 8 bit and its four times as many pixels are 15 bytes; as much again for what encoders and
# decoders hold. Beside it there are the libraries, and the tiles in work.
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
def test_many_images_take_no_more_than_few(few: int, many: int, tmp_path: Path) -> None:
    peaks = []
    for count in (few, many):
        photographs(EXAMPLES, tmp_path / f"{count} images", count, (0.02, 0.06))
        peaks.append(peak(tmp_path / f"{count} images"))
    assert peaks[1] <= MORE * peaks[0]


@pytest.mark.parametrize(
    "megapixels",
    [pytest.param(1.5, marks=pytest.mark.slow), pytest.param(6, marks=pytest.mark.soak)],
)
def test_the_network_takes_what_tiles_take(megapixels: float, tmp_path: Path) -> None:
    """All of the smaller picture at once takes 1100 MiB."""
    folder = tmp_path / f"{megapixels} megapixels"
    photographs(EXAMPLES, folder, 1, (megapixels, megapixels))
    assert peak(folder) <= TILES + BYTES_PER_PIXEL * megapixels * 1e6


@pytest.mark.soak
def test_a_larger_image_takes_more_by_its_pixels_alone(tmp_path: Path) -> None:
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
