"""The benchmark of int8 and OpenVINO, on the fastest int8 network."""

from pathlib import Path

import pytest

from benchmarks import engines
from benchmarks.setting import Setting
from sr_batch.inference.model_catalog import find_models
from sr_batch.inference.provider_faults import find_bf16_fault, find_openvino_fault


def test_measures_every_cpu_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = [model for model in find_models() if (model.name, model.scale) == ("espcn", 4)]
    monkeypatch.setattr(engines, "find_models", lambda: family)
    monkeypatch.setattr(engines, "_SIDE", 32)
    monkeypatch.setattr(engines, "_ROUNDS", 1)
    plugins = {"openvino": find_openvino_fault, "openvino-bf16": find_bf16_fault}
    available = [device for device, find_fault in plugins.items() if find_fault() is None]
    rows = list(engines.engines(Setting(tmp_path, tmp_path, threads=2)))
    assert [row.measure for row in rows] == [
        *(f"espcn_x4 on {device}" for device in available),
        *(f"espcn_x4_int8 on {device}" for device in ("cpu", *available)),
    ]
    for row in rows:
        speed, loss = row.value.removesuffix(" dB").split(" x, ")
        assert float(speed) > 0
        assert abs(float(loss)) < 0.2
