from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr_batch.bench.measurement import Measurement
from sr_batch.bench.model_bench import BenchSetting, measure
from sr_batch.bench.pictures import read_set
from sr_batch.inference.model_catalog import find_models


@pytest.fixture
def setting(tmp_path: Path) -> BenchSetting:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return BenchSetting([read_set(tmp_path)], "cpu", rounds=1, threads=1)


def test_a_slow_network_is_timed_again_after_all_others(setting: BenchSetting) -> None:
    first, second = (each for each in find_models() if each.path.stem in ("espcn_x3", "fast_x3"))
    found = [*measure([first, second], setting, {first.path.stem: 1e9})]
    assert [each.name for each in found] == [second.path.stem, first.path.stem]
    assert all(isinstance(each, Measurement) and each.speed > 0 for each in found)
