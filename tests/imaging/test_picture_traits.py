import io
import time
from dataclasses import astuple
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sr_batch.imaging.picture_traits import Traits, measure

Pixels = npt.NDArray[np.uint8]
PHOTOS = sorted((Path(__file__).parents[2] / "examples" / "photos").glob("*.jpg"))


def clean(path: Path) -> Pixels:
    """A photograph without blocks, and sharp: the file reduced to half its size."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB").reduce(2))


def through_jpeg(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def resized(pixels: Pixels, factor: float) -> Pixels:
    picture = Image.fromarray(pixels)
    size = round(picture.width * factor), round(picture.height * factor)
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))


def grainy(pixels: Pixels, deviation: float) -> Pixels:
    gray = np.random.default_rng(0).normal(0, deviation, (*pixels.shape[:2], 1))
    return np.rint(pixels + gray).clip(0, 255).astype(np.uint8)


@pytest.fixture(params=PHOTOS, ids=lambda path: path.stem)
def photo(request: pytest.FixtureRequest) -> Pixels:
    return clean(request.param)


def test_a_worse_jpeg_has_more_blocks(photo: Pixels) -> None:
    found = [measure(through_jpeg(photo, quality)).blockiness for quality in (20, 40, 70)]
    assert found[0] > found[1] > found[2] > measure(photo).blockiness
    assert found[1] > 0.1 > measure(photo).blockiness


@pytest.mark.parametrize(("top", "left"), [(0, 3), (5, 0), (7, 1)])
def test_blocks_are_found_in_a_cropped_picture(photo: Pixels, top: int, left: int) -> None:
    blocky = through_jpeg(photo, 40)
    whole, cropped = measure(blocky), measure(blocky[top:, left:])
    assert cropped.blockiness == pytest.approx(whole.blockiness, rel=0.25)


def test_an_enlarged_picture_has_no_blocks(photo: Pixels) -> None:
    assert measure(resized(photo, 2)).blockiness < 0.1


@pytest.mark.parametrize("deviation", [4, 8, 16])
def test_the_noise_that_was_added_is_found(deviation: int) -> None:
    ramp = np.linspace(60, 190, 400)[None, :, None] * np.ones((300, 1, 3))
    found = measure(grainy(ramp.astype(np.uint8), deviation)).noise
    assert found == pytest.approx(deviation, rel=0.15)


def test_noise_shows_in_a_photograph(photo: Pixels) -> None:
    assert measure(photo).noise < 3 < 6 < measure(grainy(photo, 8)).noise


def test_an_enlarged_picture_is_less_sharp(photo: Pixels) -> None:
    sharp, half, whole = (
        measure(each).sharpness for each in (photo, resized(photo, 1.5), resized(photo, 3))
    )
    assert sharp > 0.4 > half > whole > 0.24


def test_noise_and_ramps_are_the_ends_of_sharpness() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(256, 0).repeat(3, 2)
    assert measure(ramp).sharpness == pytest.approx(0.25, abs=0.01)
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)
    assert measure(noise).sharpness == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("flipped", [np.s_[::-1], np.s_[:, ::-1]])
def test_a_flip_changes_little(photo: Pixels, flipped: tuple[slice, ...]) -> None:
    blocky = through_jpeg(grainy(photo, 3), 50)
    for one, other in zip(astuple(measure(blocky)), astuple(measure(blocky[flipped])), strict=True):
        assert one == pytest.approx(other, rel=0.1, abs=0.01)


def test_brightness_changes_nothing(photo: Pixels) -> None:
    dim = photo // 2 + 20
    for one, other in zip(astuple(measure(dim)), astuple(measure(dim + 60)), strict=True):
        assert one == pytest.approx(other, rel=1e-3)


def test_sixteen_bit_and_gray_pictures_are_measured_alike(photo: Pixels) -> None:
    deep = photo.astype(np.uint16) * 257
    assert astuple(measure(deep)) == pytest.approx(astuple(measure(photo)), rel=1e-3)
    gray = photo[..., :1]
    assert astuple(measure(gray)) == pytest.approx(astuple(measure(gray.repeat(3, 2))), rel=1e-3)


@given(height=st.integers(1, 40), width=st.integers(1, 40), level=st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_flat_and_tiny_pictures_have_traits_too(height: int, width: int, level: int) -> None:
    assert measure(np.full((height, width, 3), level, np.uint8)) == Traits(0, 0, 1, 1)
    random = np.random.default_rng(level).integers(0, 256, (height, width, 3), np.uint8)
    assert all(np.isfinite(astuple(measure(random))))


def test_twelve_megapixels_take_no_longer_than_one() -> None:
    large = np.random.default_rng(0).integers(0, 256, (3000, 4000, 1), np.uint8)
    seconds = []
    for _ in range(5):
        started = time.thread_time()
        measure(large)
        seconds.append(time.thread_time() - started)
    assert min(seconds) < 0.1
