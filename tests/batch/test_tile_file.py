"""Tiles of interrupted pictures: what is kept, for how long, and for whom."""

import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from sr_batch.batch import tile_file
from sr_batch.batch.job import Job
from sr_batch.batch.tile_file import LONGEST_DAYS, TileFile, is_worth_keeping, sweep_tiles
from sr_batch.core.errors import Stopped
from sr_batch.core.image import Image, Pixels
from sr_batch.core.options import UpscaleOptions
from sr_batch.inference import model_catalog
from sr_batch.upscaling.kept_tiles import Pieces, TileStore
from sr_batch.upscaling.upscaler import Upscaled, Upscaler
from tests.fakes import FakeUpscaler, save_picture
from tests.networks import conv_network
from tests.runs import Progress, count, go

MIB = 2**20


@pytest.fixture
def said() -> list[str]:
    return []


def job(root: Path, name: str = "a.png") -> Job:
    return Job(Path("in") / name, root / "sub" / name, root, "png", 64)


def store(root: Path, said: list[str], name: str = "a.png") -> TileFile:
    return TileFile(job(root, name), f"in/{name}", 2, lambda pixels: None, said.append)


def pieces(seed: int | None = 0, kind: type = np.uint8) -> Pieces:
    """Four tiles of a picture with alpha; zeros without a ``seed``."""
    chance = np.random.default_rng(seed)
    color: Pixels = np.zeros((8, 8, 3), kind)
    alpha: Pixels = np.zeros((8, 8, 1), kind)
    if seed is not None:
        color[:], alpha[:] = (chance.integers(0, 200, each.shape) for each in (color, alpha))
    parts: list[tuple[Pixels, Pixels]] = []
    for y in (0, 4):
        for x in (0, 4):
            place = (slice(y, y + 4), slice(x, x + 4))
            parts.append((color[place], alpha[place]))
    return parts


def key() -> str:
    return "5" * 64


def only_file(root: Path) -> Path:
    (path,) = (root / ".sr-batch" / "tiles").iterdir()
    return path


def equal(one: Pieces, other: Pieces, number: int) -> bool:
    return all(map(np.array_equal, one[number], other[number]))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_kept_tiles_come_back(tmp_path: Path, said: list[str], kind: type) -> None:
    made, found = pieces(1, kind), pieces(None, kind)
    store(tmp_path, said).keep(key, made, [0, 2, 3], 100.0)
    assert stat.S_IMODE(only_file(tmp_path).stat().st_mode) == 0o600
    assert sorted(store(tmp_path, said).restore(key, found)) == [0, 2, 3]
    assert [equal(made, found, number) for number in range(4)] == [True, False, True, True]
    assert said == [
        "in/a.png: 3 of 4 tiles are kept for the next run",
        "in/a.png: the 3 of 4 tiles that were kept are used",
    ]


def test_they_serve_only_their_own_pass_and_output(tmp_path: Path, said: list[str]) -> None:
    store(tmp_path, said).keep(key, pieces(), [0, 1], 100.0)
    assert not store(tmp_path, said, "b.png").restore(key, pieces(None))
    assert not store(tmp_path, said).restore(lambda: "6" * 64, pieces(None))
    assert not store(tmp_path, said).restore(lambda: "5" * 32 + "6" * 32, pieces(None))


@pytest.mark.parametrize("at", range(0, 250, 7))
def test_a_flipped_bit_costs_tiles_and_no_wrong_pixel(
    tmp_path: Path, said: list[str], at: int
) -> None:
    made, found = pieces(1), pieces(None)
    store(tmp_path, said).keep(key, made, range(4), 100.0)
    path = only_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    for number in store(tmp_path, said).restore(key, found):
        assert equal(made, found, number)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xff\n", b"5 6\n", bytes(5000)])
def test_a_damaged_file_holds_nothing(tmp_path: Path, said: list[str], content: bytes) -> None:
    store(tmp_path, said).keep(key, pieces(), [0], 100.0)
    said.clear()
    only_file(tmp_path).write_bytes(content)
    assert not store(tmp_path, said).restore(key, pieces(None))
    assert said == []


def test_a_file_that_was_cut_off_holds_its_first_tiles(tmp_path: Path, said: list[str]) -> None:
    store(tmp_path, said).keep(key, pieces(1), range(4), 100.0)
    os.truncate(only_file(tmp_path), only_file(tmp_path).stat().st_size - 1)
    assert sorted(store(tmp_path, said).restore(key, pieces(None))) == [0, 1, 2]


def test_half_a_minute_is_worth_keeping_unless_the_disk_takes_as_long() -> None:
    assert not is_worth_keeping(29.9, 1)
    assert is_worth_keeping(30, 1)
    assert is_worth_keeping(30, 1000 * MIB)
    assert not is_worth_keeping(30, 2000 * MIB)
    assert is_worth_keeping(60, 2000 * MIB)


def test_a_few_seconds_are_not_kept(tmp_path: Path, said: list[str]) -> None:
    store(tmp_path, said).keep(key, pieces(), [0], 59.0)  # of two threads
    assert not (tmp_path / ".sr-batch").exists()
    assert said == []


def test_seconds_add_up_over_interruptions(tmp_path: Path, said: list[str]) -> None:
    store(tmp_path, said).keep(key, pieces(), [0], 80.0)
    second = store(tmp_path, said)
    second.restore(key, pieces(None))
    second.keep(key, pieces(), [0, 1], 10.0)  # not worth another write
    second.keep(key, pieces(), [0, 1, 2], 70.0)
    assert said[2:] == [
        "in/a.png: 1 of 4 tiles are still kept",
        "in/a.png: 3 of 4 tiles are kept for the next run",
    ]
    head = only_file(tmp_path).read_bytes().partition(b"\n")[0].decode()
    assert head == f"{key()} 75.0 3"


def test_the_files_of_a_folder_share_a_limit(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_file, "MOST_BYTES", 1024 + 3 * (24 + 64))
    store(tmp_path, said).keep(key, pieces(), range(4), 100.0)
    assert said == ["in/a.png: 3 of 4 tiles are kept for the next run"]
    store(tmp_path, said, "b.png").keep(key, pieces(), range(4), 100.0)
    assert said[1:] == ["in/b.png: its finished tiles are not kept: there is too little space"]
    assert len(list((tmp_path / ".sr-batch/tiles").iterdir())) == 1


def test_a_disk_that_refuses_is_named_in_a_note(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / ".sr-batch").write_bytes(b"a file in the way")
    store(tmp_path, said).keep(key, pieces(), range(4), 100.0)
    assert said == ["in/a.png: its finished tiles are not kept: Not a directory"] or said == [
        "in/a.png: its finished tiles are not kept: File exists"
    ]


def test_a_finished_output_leaves_nothing(tmp_path: Path, said: list[str]) -> None:
    for each in (key, lambda: "7" * 64):
        store(tmp_path, said).keep(each, pieces(), [0], 100.0)
    store(tmp_path, said).remove()
    assert list((tmp_path / ".sr-batch").iterdir()) == []


def test_old_files_are_swept(tmp_path: Path, said: list[str]) -> None:
    for name in ("a.png", "b.png"):
        store(tmp_path, said, name).keep(key, pieces(), [0], 100.0)
    old, fresh = sorted((tmp_path / ".sr-batch/tiles").iterdir())
    (tmp_path / ".sr-batch/tiles/.sr-batch-0123.part").write_bytes(b"of a killed run")
    days = time.time() - (LONGEST_DAYS + 1) * 24 * 3600
    os.utime(old, (days, days))
    sweep_tiles(tmp_path)
    assert only_file(tmp_path) == fresh
    sweep_tiles(tmp_path / "nowhere")


# with a real network


@pytest.fixture
def upscaler(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Upscaler]:
    folder = tmp_path_factory.mktemp("networks")
    conv_network(folder / "small_x2.onnx", 2)
    conv_network(folder / "small_x4.onnx", 4)
    monkeypatch.setattr(model_catalog, "_FOLDERS", (folder,))
    monkeypatch.setattr(tile_file, "_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(tile_file, "_DISK_SPEED", 1e12)
    options = UpscaleOptions(model="small", device="cpu", tile=32, jobs=2, scale=8)
    with Upscaler(options, lambda line: None) as opened:
        yield opened


def noise(seed: int = 0, alpha: bool = True) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (100, 90, 4), np.uint8)
    return Image(pixels[..., :3], pixels[..., 3] if alpha else None)


class Counter:
    """Counts pixels, and stops the work after ``most`` of them."""

    def __init__(self, most: float = float("inf")) -> None:
        self.most = most
        self.pixels = 0
        self.stop = threading.Event()

    def __call__(self, pixels: int) -> None:
        self.pixels += pixels
        if self.pixels > self.most:
            self.stop.set()


def interrupt(upscaler: Upscaler, image: Image, tiles: TileFile, most: float) -> None:
    counter = Counter(most)
    with pytest.raises(Stopped):
        upscaler(image, "a", counter, counter.stop, tiles)


@pytest.mark.parametrize("most", [100, 5000])  # in the first pass, in the second one
@pytest.mark.parametrize("alpha", [False, True])
def test_a_resumed_picture_has_the_same_pixels(
    upscaler: Upscaler, tmp_path: Path, said: list[str], most: float, alpha: bool
) -> None:
    image, whole, rest, restored = noise(alpha=alpha), Counter(), Counter(), Counter()
    expected = upscaler(image, "a", whole, whole.stop).image
    interrupt(upscaler, image, store(tmp_path, said), most)
    tiles = TileFile(job(tmp_path), "in/a.png", 2, restored, said.append)
    made = upscaler(image, "a", rest, rest.stop, tiles).image
    assert np.array_equal(made.color, expected.color)
    assert alpha == (made.alpha is not None)
    if alpha:
        assert np.array_equal(made.alpha, expected.alpha)  # type: ignore[arg-type]
    assert restored.pixels > 0
    assert rest.pixels + restored.pixels == whole.pixels == image.size.pixels
    assert "kept are used" in said[-1]


def test_another_content_gets_none_of_the_tiles(
    upscaler: Upscaler, tmp_path: Path, said: list[str]
) -> None:
    interrupt(upscaler, noise(0), store(tmp_path, said), 100)
    said.clear()
    counter, whole = Counter(), Counter()
    made = upscaler(noise(1), "a", counter, counter.stop, store(tmp_path, said)).image
    assert np.array_equal(made.color, upscaler(noise(1), "a", whole, whole.stop).image.color)
    assert said == []


# in a run


class Seeing(FakeUpscaler):
    """Remembers which pictures may keep their tiles."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, bool] = {}

    def __call__(
        self,
        image: Image,
        name: str,
        progress: Progress,
        stop: threading.Event,
        store: TileStore | None = None,
    ) -> Upscaled:
        self.kept[name] = store is not None
        return super().__call__(image, name, progress, stop, store)


@pytest.mark.usefixtures("here")
def test_single_pictures_of_recorded_runs_keep_tiles() -> None:
    save_picture(Path("in/a.png"))
    with tifffile.TiffWriter("in/pages.tif") as file:
        for _ in range(2):
            file.write(np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    upscaler, unrecorded = Seeing(), Seeing()
    go("in", upscaler=upscaler)
    assert upscaler.kept == {"in/a.png": True, "in/pages.tif": False}
    go("in", output="out", upscaler=unrecorded, options=UpscaleOptions(record=False))
    assert not any(unrecorded.kept.values())


@pytest.mark.usefixtures("here")
def test_a_run_sweeps_old_files_of_its_folder() -> None:
    save_picture(Path("in/a.png"))
    tiles = Path("in_sr/.sr-batch/tiles")
    tiles.mkdir(parents=True)
    (tiles / "old").write_bytes(b"")
    os.utime(tiles / "old", (0, 0))
    assert count(go("in")) == {"done": 1}
    assert not tiles.exists()
