"""The chosen setting, the kept one, and that it only changes the speed."""

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
from sr_batch.upscaling import tile_tuning
from sr_batch.upscaling.tile_tuning import (
    USUAL,
    TileSetting,
    Tuned,
    candidates,
    choose_setting,
    keep,
    kept_setting,
)
from sr_batch.upscaling.upscaler import Upscaler
from tests.codec.pictures import picture

OTHER, ANOTHER = TileSetting(96), TileSetting(None, 2)
ALL = (USUAL, OTHER, ANOTHER)
SECONDS = st.floats(0.1, 10)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "net.onnx"
    path.write_bytes(choose("espcn")[2].path.read_bytes())
    yield path


def test_tries_the_usual_setting_first_and_then_more_threads() -> None:
    assert candidates(1)[0] == USUAL
    assert {setting.threads for setting in candidates(1)} == {1}
    assert {setting.threads for setting in candidates(12)} == {1, 2, 4, 8, 12}
    assert len(set(candidates(12))) == len(candidates(12))


@given(st.fixed_dictionaries(dict.fromkeys(ALL, SECONDS)))
def test_the_chosen_setting_is_never_slower_than_the_usual_one(
    seconds: dict[TileSetting, float],
) -> None:
    chosen = choose_setting(ALL, seconds.__getitem__)
    assert seconds[chosen.setting] <= seconds[USUAL]
    assert chosen.ratio <= 1
    if min(seconds.values()) < 0.9 * seconds[USUAL]:
        assert seconds[chosen.setting] == min(seconds.values())
        assert chosen.ratio == min(seconds.values()) / seconds[USUAL]


def test_one_lucky_round_is_not_enough() -> None:
    calls = count()
    lucky = choose_setting(
        (USUAL, OTHER), lambda setting: 0.5 if setting == OTHER and next(calls) == 0 else 1.0
    )
    assert lucky == Tuned(USUAL, 1.0)


def test_keeps_a_setting_until_the_network_changes(network: Path) -> None:
    assert kept_setting(network) == USUAL
    keep(network, ANOTHER)
    assert kept_setting(network) == ANOTHER
    os.utime(network, (1, 1))
    assert kept_setting(network) == USUAL


def test_forgets_a_setting(network: Path) -> None:
    keep(network, OTHER)
    keep(network, USUAL)
    assert kept_setting(network) == USUAL
    assert not list(tile_tuning.folder().rglob("*.json"))


@pytest.mark.parametrize(
    "content", [b"", b"text", b"[1]", b'{"tile": 5}', b'{"tile": 0, "threads": 1}', b"\xff"]
)
def test_a_damaged_file_means_the_usual_setting(network: Path, content: bytes) -> None:
    keep(network, OTHER)
    (kept,) = tile_tuning.folder().rglob("*.json")
    kept.write_bytes(content)
    assert kept_setting(network) == USUAL


def test_other_runtimes_and_processors_have_their_own_settings(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(network, OTHER)
    for name in ("runtime_version", "processor", "cores"):
        with monkeypatch.context() as patch:
            patch.setattr(tile_tuning, name, lambda: "another")
            assert kept_setting(network) == USUAL
    assert kept_setting(network) == OTHER


@pytest.mark.parametrize("setting", [TileSetting(33), TileSetting(None, 2), TileSetting(48, 4)])
def test_no_pixel_depends_on_the_setting(setting: TileSetting, network: Path) -> None:
    image = picture(3, False, 8, 90, 130)
    options = UpscaleOptions(model=str(network), scale=2, device="cpu")
    made = []
    for each in (USUAL, setting):
        keep(network, each)
        with Upscaler(options, pytest.fail) as upscaler:
            made.append(upscaler(image, "a", lambda _: None, threading.Event()).image.color)
    usual, other = made
    assert np.array_equal(usual, other)
