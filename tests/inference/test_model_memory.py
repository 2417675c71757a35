from pathlib import Path

from sr_batch.core.model_spec import PIXEL_BYTES
from sr_batch.inference.model_memory import peak_bytes, pixel_bytes, session_bytes
from tests.networks import conv_network


def test_a_network_with_wider_maps_takes_more(tmp_path: Path) -> None:
    narrow, wide = (
        session_bytes(conv_network(tmp_path / f"{width}.onnx", width=width)) for width in (8, 512)
    )
    assert narrow is not None
    assert wide is not None
    maps = 512 * 128 * 128 * 4
    assert 0 < narrow < maps < wide < 8 * maps


def test_the_memory_of_a_network_that_cannot_be_opened_is_unknown(tmp_path: Path) -> None:
    assert session_bytes(tmp_path / "none.onnx") is None


def test_a_pixel_takes_the_memory_of_the_widest_maps(tmp_path: Path) -> None:
    narrow, wide = (conv_network(tmp_path / f"{width}.onnx", width=width) for width in (8, 2048))
    assert pixel_bytes(narrow) == PIXEL_BYTES
    assert 2048 * 4 < pixel_bytes(wide) < 4 * 2048 * 4
    assert pixel_bytes(tmp_path / "none.onnx") == PIXEL_BYTES


def test_knows_the_peak_of_this_process() -> None:
    peak = peak_bytes()
    assert peak is not None
    assert 1 << 20 < peak < 1 << 40
