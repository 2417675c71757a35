import io

import numpy as np
import pytest
from PIL import Image

from tests.training.conftest import draw_photograph
from training.evaluate.piqe import piqe


def test_a_picture_without_detail_has_the_worst_score() -> None:
    assert piqe(np.full((64, 64, 3), 90, np.uint8)) == 100
    assert piqe(np.zeros((64, 64, 3), np.uint8)) == 100


def test_sees_blocks_blur_and_noise() -> None:
    picture = draw_photograph(3, 192)
    blocky = picture[::8, ::8].repeat(8, 0).repeat(8, 1)
    soft = np.asarray(Image.fromarray(picture).reduce(4).resize((192, 192)))
    noise = np.random.default_rng(1).integers(0, 256, picture.shape).astype(np.uint8)
    assert piqe(picture) < 30
    assert min(piqe(blocky), piqe(soft), piqe(noise)) > 70


def test_grows_with_compression() -> None:
    picture = draw_photograph(3, 160)
    scores = [piqe(picture)]
    for quality in (50, 5):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        scores.append(piqe(np.asarray(Image.open(file))))
    assert scores == sorted(scores)


def test_gives_what_the_reference_gives() -> None:
    """The figure is that of ``pypiqe`` 1.2, a conversion of MATLAB's code, for these pixels."""
    assert piqe(draw_photograph(5, 150)) == pytest.approx(22.3937, abs=1e-3)
