"""The GPU benchmark, run on the CPU provider with a window and batches like those of a GPU."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.setting import Setting
from sr_batch.inference.provider_faults import find_cuda_fault
from sr_batch.inference.providers import PROVIDERS, Provider

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
CPU: Mapping[str, Provider] = {"cpu": replace(PROVIDERS["cpu"], batch=2, window=64)}


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path, PHOTOS, threads=2)


@pytest.mark.slow
@pytest.mark.alone
def test_measures_a_device_with_a_window(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (
        "benchmarks.gpu",
        "sr_batch.inference.providers",
        "sr_batch.upscaling.loaded_models",
    ):
        monkeypatch.setattr(f"{module}.PROVIDERS", CPU)
    monkeypatch.setattr(gpu, "_SAMPLING", ("sh", "-c", "while echo 40; do sleep .1; done"))
    monkeypatch.setattr(gpu, "_MEGAPIXELS", 0.02)
    rows = list(gpu.on_device("cpu", setting, count=5))
    assert [row.measure for row in rows] == [
        "fast x2: resident network / tool",
        "fast x2: 1 MP images, decoded already",
        "fast x2: 1 MP files, JPEG to JPEG",
        "  GPU busy meanwhile, by nvidia-smi",
        "fast x2: a call without pinned memory / with it",
    ]
    resident, memory, files, busy, pinned = (row.value for row in rows)
    assert float(resident) > 0
    assert float(memory.removesuffix(" /s")) > 0
    assert float(files.removesuffix(" /s")) > 0
    assert busy == "40%"
    assert float(pinned) > 0


def test_a_machine_without_nvidia_smi_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_SAMPLING", ("sr-batch-no-such-command",))
    busy = gpu.Busy()
    with busy:
        pass
    assert busy.share == "not measured"


@pytest.mark.skipif(find_cuda_fault() is None, reason="needs a machine without a GPU")
def test_without_a_gpu_one_row_says_so(setting: Setting) -> None:
    (row,) = gpu.gpu(setting)
    assert row.measure.startswith("no GPU: ")
    assert row.value == "not measured"
