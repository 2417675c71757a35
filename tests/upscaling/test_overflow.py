import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sr_batch.core.errors import BadOutput
from sr_batch.core.image import Image
from sr_batch.upscaling.upscaler import Upscaler
from tests.upscaling.enlarging import choose, enlarge, ignore, noise

pytestmark = pytest.mark.usefixtures("networks")


def test_half_precision_that_overflows_is_replaced_by_fp32_for_the_rest_of_the_run() -> None:
    """A dark picture does not overflow; a bright one is repeated, and reported only once."""
    dark, bright = Image(noise(20, 30, 3) // np.uint8(2)), Image(noise(20, 30, 3) | np.uint8(0xF0))
    lines: list[str] = []
    with Upscaler(choose(model="dazzled", precision="fp16"), lines.append) as upscaler:
        for image, lines_so_far in ((dark, 0), (bright, 1), (bright, 1), (dark, 1)):
            reported: list[int] = []
            made = upscaler(image, "a", reported.append, threading.Event()).image
            np.testing.assert_allclose(made.color[::2, ::2].astype(int), image.color, atol=1)
            assert sum(reported) == image.size.pixels
            assert len(lines) == lines_so_far
    assert lines == [
        "dazzled x2 in fp16 returned NaN or infinite values; it runs in fp32 from now on"
    ]


def test_images_in_flight_replace_the_network_once() -> None:
    images = [Image(noise(40, 40, 3, seed=seed) | np.uint8(0xF0)) for seed in range(8)]
    lines: list[str] = []
    with (
        Upscaler(choose(model="dazzled", precision="fp16"), lines.append) as upscaler,
        ThreadPoolExecutor(8) as threads,
    ):
        made = threads.map(lambda each: upscaler(each, "a", ignore, threading.Event()), images)
        for image, upscaled in zip(images, made, strict=True):
            np.testing.assert_allclose(
                upscaled.image.color[::2, ::2].astype(int), image.color, atol=1
            )
    assert len(lines) == 1


def test_half_precision_without_an_fp32_file_fails_if_it_overflows(
    folder: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.onnx"
    alone.write_bytes((folder / "dazzled_x2_fp16.onnx").read_bytes())
    with pytest.raises(BadOutput):
        enlarge(Image(noise(20, 30, 3) | np.uint8(0xF0)), model=str(alone))
