import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.batch.verify import require_same_pictures
from sr_batch.core.errors import BadOutput
from sr_batch.core.geometry import Size
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed
from sr_batch.imaging.consistency import consistency
from sr_batch.imaging.resample import resize
from sr_batch.upscaling.kept_tiles import TileStore
from sr_batch.upscaling.upscaler import Upscaled
from tests.codec.pictures import noise, smooth
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import Progress, count, go, photos, tree


def ramp(height: int = 40, width: int = 60) -> np.ndarray:
    """Dark above, bright below, in three colours."""
    rows = np.linspace(0, 255, height)[:, None, None]
    return np.rint(np.broadcast_to(rows * (1, 0.8, 0.6), (height, width, 3))).astype(np.uint8)


def larger(image: Image, scale: int = 2) -> Image:
    alpha = None if image.alpha is None else image.alpha.repeat(scale, 0).repeat(scale, 1)
    return Image(image.color.repeat(scale, 0).repeat(scale, 1), alpha)


def require_same(data: bytes, size: Size, source: Image, bound: float) -> None:
    require_same_pictures(data, (size,), (source,), lambda _: bound)


@pytest.mark.parametrize("kind", sorted(codec.SUFFIXES))
@pytest.mark.parametrize("alpha", [False, True])
def test_an_enlarged_picture_is_the_same_picture(kind: str, alpha: bool) -> None:
    image = Image(smooth(40, 60, 3), noise(40, 60) // 128 * 255 if alpha else None)
    data = codec.encode_image(larger(image), kind, 90)
    require_same(data, Size(120, 80), image, 20)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_reduced_picture_and_a_gray_one_are_the_same(depth: int) -> None:
    image = Image(noise(40, 60, 1, depth=depth))
    reduced = Image(resize(image.color, Size(30, 20), "lanczos"))
    assert consistency(reduced, image) > 30
    as_rgb = Image(
        (larger(image).color // (257 if depth == 16 else 1)).repeat(3, 2).astype(np.uint8)
    )
    assert consistency(as_rgb, image) > 40


def test_another_picture_is_not() -> None:
    image, other = Image(ramp()), Image(255 - ramp())
    black = Image(np.zeros((80, 120, 3), np.uint8))
    for wrong in (larger(other), black):
        with pytest.raises(
            BadOutput, match=r"does not look like its input: .* \d+\.\d dB, and at least 20 dB"
        ):
            require_same(codec.encode_image(wrong, "png", 95), Size(120, 80), image, 20)


def test_another_size_or_a_broken_file_is_not() -> None:
    image = Image(smooth(40, 60, 3))
    data = codec.encode_image(larger(image), "png", 95)
    with pytest.raises(BadOutput, match="the output is 120x80 when it is read again, not 120x81"):
        require_same(data, Size(120, 81), image, 20)
    with pytest.raises(BadOutput, match="cannot be read again"):
        require_same(data[:-200], Size(120, 80), image, 20)


def test_transparent_pixels_do_not_count() -> None:
    image = Image(smooth(40, 60, 3), np.zeros((40, 60), np.uint8))
    assert consistency(Image(255 - image.color), image) == float("inf")


class Upside(FakeUpscaler):
    """Turns a picture upside down, which no network does."""

    def __call__(
        self,
        image: Image,
        name: str,
        progress: Progress,
        stop: threading.Event,
        store: TileStore | None = None,
    ) -> Upscaled:
        made = super().__call__(image, name, progress, stop)
        return replace(made, image=replace(made.image, color=made.image.color[::-1]))


@pytest.mark.usefixtures("here")
def test_a_run_fails_an_output_that_shows_another_picture() -> None:
    for name in ("a", "b"):
        path = save_picture(Path(f"in/{name}.png"))
        Pillow.fromarray(ramp()).save(path)
    options = UpscaleOptions(verify=True)
    assert count(go("in", options=options)) == {"done": 2}
    results = go("in", output="out", options=options, upscaler=Upside())
    assert all(isinstance(result, Failed) for result in results)
    assert "does not look like its input" in str(results[0])
    assert tree("out") == []


@pytest.mark.usefixtures("here")
def test_a_run_fails_an_output_that_the_disk_returns_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photos(1)
    read = Path.read_bytes

    def rotten(path: Path) -> bytes:
        return read(path)[:-1] + b"?" if path.suffix == ".part" else read(path)

    monkeypatch.setattr(Path, "read_bytes", rotten)
    (failed,) = go("in", options=UpscaleOptions(verify=True))
    assert isinstance(failed, Failed)
    assert "the disk did not give back what was written" in failed.error
    assert tree("in_sr") == []
