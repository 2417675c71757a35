import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.core.image import Image, Metadata
from sr_batch.imaging.picture_traits import Traits
from sr_batch.upscaling.network_choice import Choice, choose, choose_network
from tests.imaging.test_picture_traits import PHOTOS, clean, grainy, resized

SHARP = Traits(blockiness=0.02, noise=1.0, sharpness=0.5, flatness=0.1)


@pytest.mark.parametrize(
    ("traits", "quality", "expected"),
    [
        (SHARP, None, Choice("balanced", "clean")),
        (SHARP, 96, Choice("balanced", "clean")),
        (SHARP, 62, Choice("photo", "a JPEG of quality 62")),
        (Traits(0.3, 1.0, 0.5, 0.1), None, Choice("photo", "JPEG blocks")),
        (Traits(0.3, 1.0, 0.5, 0.1), 96, Choice("photo", "JPEG blocks")),
        (Traits(0.02, 9.0, 0.9, 0.1), None, Choice("photo", "noise")),
        (Traits(0.02, 9.0, 0.9, 0.6), None, Choice("balanced", "clean")),
        (Traits(0.02, 1.0, 0.3, 0.1), 97, Choice("photo", "soft at pixel level")),
    ],
)
def test_says_what_decided(traits: Traits, quality: int | None, expected: Choice) -> None:
    assert choose(traits, quality) == expected


# Fine fur looks like noise, and the network for photographs draws it as well.
SMOOTH = [path for path in PHOTOS if path.stem != "chelsea"]


@pytest.mark.parametrize("path", SMOOTH, ids=lambda path: path.stem)
def test_takes_the_network_for_photographs_for_what_is_not_clean(path: Path) -> None:
    photo = clean(path)
    assert choose_network(Image(photo)) == Choice("balanced", "clean")
    assert choose_network(Image(grainy(photo, 10))) == Choice("photo", "noise")
    assert choose_network(Image(resized(photo, 2))) == Choice("photo", "soft at pixel level")


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_finds_a_jpeg_that_was_saved_again_without_loss(path: Path) -> None:
    file = io.BytesIO()
    Pillow.fromarray(clean(path)).save(file, "JPEG", quality=45)
    image = codec.read_image(file.getvalue(), "a.jpg", 10**6)
    assert choose_network(image) == Choice("photo", "a JPEG of quality 45")
    assert choose_network(Image(image.color)) == Choice("photo", "JPEG blocks")


def test_lettering_on_a_screen_is_not_noise() -> None:
    screen = np.full((256, 256, 3), 240, np.uint8)
    lines = np.random.default_rng(0).integers(0, 2, (64, 256, 1), np.uint8)
    screen[96:160] -= lines * 200
    assert choose_network(Image(screen)) == Choice("balanced", "clean")
    assert choose_network(Image(grainy(screen, 10))) == Choice("photo", "noise")


def test_a_flat_picture_is_clean() -> None:
    assert choose_network(Image(np.full((9, 9, 3), 80, np.uint8))).reason == "clean"


def test_the_quality_of_the_file_counts_and_not_only_its_pixels() -> None:
    flat = np.full((9, 9, 3), 80, np.uint8)
    assert choose_network(Image(flat, metadata=Metadata(quality=40))).network == "photo"
