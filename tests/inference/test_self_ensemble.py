import threading
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.core.options import Mode, UpscaleOptions
from sr_batch.inference.self_ensemble import SelfEnsemble
from sr_batch.inference.session import Batch
from sr_batch.upscaling.upscaler import Upscaler
from tests.codec.pictures import picture
from tests.networks import NearestSession


class Leaning(NearestSession):
    """Adds a ramp from left to right, and records the shapes of its inputs."""

    def __init__(self) -> None:
        super().__init__(2)
        self.sizes: list[tuple[int, ...]] = []

    def __call__(self, batch: Batch) -> Batch:
        self.sizes.append(batch.shape)
        made = super().__call__(batch)
        return made + np.linspace(-1, 1, made.shape[3], dtype=np.float32)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 2))
def test_every_orientation_is_turned_back(height: int, width: int, count: int) -> None:
    batch = np.random.default_rng(0).random((count, 3, height, width), np.float32)
    plain = NearestSession(2)
    assert np.allclose(SelfEnsemble(plain)(batch), plain(batch), atol=1e-6)


def test_a_network_of_one_size_is_not_turned_by_a_quarter() -> None:
    leaning = Leaning()
    leaning.spec = replace(leaning.spec, window=6, window_rows=4)
    assert np.allclose(SelfEnsemble(leaning)(np.full((1, 3, 4, 6), 0.5, np.float32)), 0.5)
    assert leaning.sizes == [(1, 3, 4, 6)] * 4


def test_the_mean_cancels_a_ramp_to_one_side() -> None:
    leaning = Leaning()
    batch = np.full((1, 3, 4, 6), 0.5, np.float32)
    assert np.allclose(SelfEnsemble(leaning)(batch), 0.5, atol=1e-6)
    assert sorted(leaning.sizes) == 4 * [(1, 3, 4, 6)] + 4 * [(1, 3, 6, 4)]


@pytest.mark.parametrize("mode", get_args(Mode))
def test_an_upscaler_gives_the_mean(mode: Mode) -> None:
    image = picture(3, True, 8, 30, 40)
    made = []
    for chosen in (False, True):
        options = UpscaleOptions(model="espcn", device="cpu", self_ensemble=chosen, mode=mode)
        with Upscaler(options, lambda _: None) as upscaler:
            made.append(upscaler(image, "a", lambda _: None, threading.Event()).image.color)
            recipe = upscaler.recipe
        assert ("self-ensemble" in recipe) == chosen
    plain, better = (each.astype(int) for each in made)
    assert plain.shape == better.shape
    assert 0 < np.abs(plain - better).mean() < 20
