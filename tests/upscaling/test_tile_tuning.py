"""What is chosen, what is kept of it, and that it changes speed alone."""

import os
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr_batch.core.options import UpscaleOptions
from sr_batch.inference.model_catalog import choose
from sr_batch.upscaling import tile_tuning as tuning
from sr_batch.upscaling.tile_tuning import (
    USUAL,
    Layout,
    Tuned,
    candidates,
    choose_layout,
    keep,
    kept_layout,
)
from sr_batch.upscaling.upscaler import Upscaler
from tests.codec.pictures import picture

OTHER, ANOTHER = Layout(96), Layout(None, 2)
ALL = (USUAL, OTHER, ANOTHER)
SECONDS = st.floats(0.1, 10)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "net.onnx"
    path.write_bytes(choose("espcn")[2].path.read_bytes())
    yield path


def test_tries_the_usual_layout_first_and_every_share_of_the_cores() -> None:
    assert candidates(1)[0] == USUAL
    assert {layout.threads for layout in candidates(1)} == {1}
    assert {layout.threads for layout in candidates(12)} == {1, 2, 4, 8, 12}
    assert len(set(candidates(12))) == len(candidates(12))


@given(st.fixed_dictionaries(dict.fromkeys(ALL, SECONDS)))
def test_what_is_chosen_is_never_slower_than_usual(seconds: dict[Layout, float]) -> None:
    chosen = choose_layout(ALL, seconds.__getitem__)
    assert seconds[chosen.layout] <= seconds[USUAL]
    assert chosen.ratio <= 1
    if min(seconds.values()) < 0.9 * seconds[USUAL]:
        assert seconds[chosen.layout] == min(seconds.values())
        assert chosen.ratio == min(seconds.values()) / seconds[USUAL]


def test_one_lucky_round_is_not_enough() -> None:
    asked = count()
    lucky = choose_layout(
        (USUAL, OTHER), lambda layout: 0.5 if layout == OTHER and next(asked) == 0 else 1.0
    )
    assert lucky == Tuned(USUAL, 1.0)


def test_keeps_a_layout_for_one_network_until_it_changes(network: Path) -> None:
    assert kept_layout(network) == USUAL
    keep(network, ANOTHER)
    assert kept_layout(network) == ANOTHER
    os.utime(network, (1, 1))
    assert kept_layout(network) == USUAL


def test_forgets(network: Path) -> None:
    keep(network, OTHER)
    keep(network, USUAL)
    assert kept_layout(network) == USUAL
    assert not list(tuning.folder().rglob("*.json"))


@pytest.mark.parametrize(
    "content", [b"", b"words", b"[1]", b'{"tile": 5}', b'{"tile": 0, "threads": 1}', b"\xff"]
)
def test_a_broken_file_means_the_usual_layout(network: Path, content: bytes) -> None:
    keep(network, OTHER)
    (kept,) = tuning.folder().rglob("*.json")
    kept.write_bytes(content)
    assert kept_layout(network) == USUAL


def test_other_runtimes_and_processors_have_their_own(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(network, OTHER)
    for name in ("runtime_version", "processor", "cores"):
        with monkeypatch.context() as patch:
            patch.setattr(tuning, name, lambda: "another")
            assert kept_layout(network) == USUAL
    assert kept_layout(network) == OTHER


@pytest.mark.parametrize("layout", [Layout(33), Layout(None, 2), Layout(48, 4)])
def test_no_pixel_depends_on_the_layout(layout: Layout, network: Path) -> None:
    image = picture(3, False, 8, 90, 130)
    options = UpscaleOptions(model=str(network), scale=2, device="cpu")
    made = []
    for each in (USUAL, layout):
        keep(network, each)
        with Upscaler(options, pytest.fail) as upscaler:
            made.append(upscaler(image, "a", lambda _: None, threading.Event()).image.color)
    usual, other = made
    assert np.array_equal(usual, other)
