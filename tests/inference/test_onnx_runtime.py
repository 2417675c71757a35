from pathlib import Path

import onnxruntime
import pytest

from sr_batch.core.errors import SrBatchError
from sr_batch.inference.onnx_runtime import (
    CPU,
    compiled_providers,
    pinned_allocator,
    plugin_devices,
)


def test_every_onnxruntime_includes_the_cpu_provider() -> None:
    assert CPU in compiled_providers()


def test_the_cpu_has_no_pinned_memory() -> None:
    assert pinned_allocator(CPU) is None
    assert pinned_allocator("CUDAExecutionProvider") is None or onnxruntime.get_device() == "GPU"


def test_a_plugin_that_cannot_be_loaded_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_plugin.py").write_text(
        "def get_library_path(): return __file__\ndef get_ep_name(): return 'Broken'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SrBatchError, match=r"^broken_plugin cannot be loaded: .") as caught:
        plugin_devices("broken_plugin")
    assert "\n" not in str(caught.value)
