from pathlib import Path

from sr_batch.measure.memory import peak_bytes, session_bytes
from tests.networks import conv_network


def test_a_network_with_wider_maps_takes_more(tmp_path: Path) -> None:
    narrow, wide = (
        session_bytes(conv_network(tmp_path / f"{width}.onnx", width=width)) for width in (8, 512)
    )
    assert narrow is not None
    assert wide is not None
    maps = 512 * 128 * 128 * 4
    assert 0 < narrow < maps < wide < 8 * maps


def test_a_network_that_cannot_be_opened_takes_nothing_that_is_known(tmp_path: Path) -> None:
    assert session_bytes(tmp_path / "none.onnx") is None


def test_knows_the_peak_of_this_process() -> None:
    peak = peak_bytes()
    assert peak is not None
    assert 1 << 20 < peak < 1 << 40
