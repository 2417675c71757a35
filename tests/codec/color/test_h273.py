import io

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from sr_batch.codec.color import h273
from sr_batch.core.errors import UnsupportedImage

# Red, green and blue in XYZ, as the profiles of their inventors have them.
COLUMNS = {
    12: [(0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)],
    9: [(0.6735, 0.2790, -0.0019), (0.1657, 0.6753, 0.0300), (0.1250, 0.0456, 0.7969)],
}


def profile(primaries: int, transfer: int) -> bytes:
    made, note = h273.of_numbers(primaries, transfer)
    assert made is not None
    assert note == ""
    return made


def opened(data: bytes) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(data))


@pytest.mark.parametrize("primaries", COLUMNS)
def test_has_the_colours_of_the_standard(primaries: int) -> None:
    inside = opened(profile(primaries, 13)).profile
    found = [inside.red_colorant, inside.green_colorant, inside.blue_colorant]
    colors = [color[0] for color in found if color]
    assert np.allclose(colors, COLUMNS[primaries], atol=3e-4)


@pytest.mark.parametrize("primaries", [4, 5, 6, 7, 9, 11, 12])
def test_shows_gray_as_srgb_does(primaries: int) -> None:
    """Whatever the colours are, their white is white, and the curve is sRGB's."""
    ramp = Pillow.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2))
    transform = ImageCms.buildTransform(
        opened(profile(primaries, 13)), ImageCms.createProfile("sRGB"), "RGB", "RGB"
    )
    shown = np.asarray(transform.apply(ramp)).astype(int)
    assert np.abs(shown - np.asarray(ramp)).max() <= 1


@pytest.mark.parametrize(("transfer", "gamma"), [(4, 2.2), (5, 2.8), (8, 1.0)])
def test_has_the_curve_of_the_standard(transfer: int, gamma: float) -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    transform = ImageCms.buildTransform(
        opened(profile(1, transfer)), opened(profile(1, 8)), "RGB", "RGB"
    )
    light = np.asarray(transform.apply(Pillow.fromarray(ramp))) / 255
    assert np.abs(light - (ramp / 255) ** gamma).max() < 0.01


def test_srgb_and_similar_spaces_need_no_profile() -> None:
    for primaries in (1, 2):
        for transfer in (1, 2, 6, 13, 14, 15):
            assert h273.of_numbers(primaries, transfer) == (None, "")


@pytest.mark.parametrize(("primaries", "transfer"), [(10, 13), (1, 9), (99, 99)])
def test_notes_unknown_numbers(primaries: int, transfer: int) -> None:
    made, note = h273.of_numbers(primaries, transfer)
    assert made is None
    assert f"({primaries}/{transfer}), read as sRGB" in note


def test_refuses_hdr_curves() -> None:
    for transfer, name in ((16, "PQ"), (18, "HLG")):
        with pytest.raises(UnsupportedImage, match=rf"an HDR picture \({name}\).*SDR"):
            h273.require_sdr(transfer)
    h273.require_sdr(13)


def test_the_profile_is_reproducible() -> None:
    assert profile(12, 13) == profile(12, 13)
    assert len(profile(12, 13)) < 3000
