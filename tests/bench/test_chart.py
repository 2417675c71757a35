import io
import sys
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sr_batch.bench.chart import draw, require_library
from sr_batch.bench.report import Report
from sr_batch.core.errors import UsageError
from tests.bench.measurements import ROW

ROWS = {
    "a_x2": replace(ROW, name="a_x2"),
    "a_x2_fp16": replace(ROW, name="a_x2_fp16", precision="fp16", speed=0.45),
    "b_x4": replace(ROW, name="b_x4", scale=4, speed=0.1),
    "b_x4_int8": replace(ROW, name="b_x4_int8", scale=4, precision="int8", speed=0.3),
}


def pixels(rows: Iterable[str]) -> np.ndarray:
    report = Report({}, {"photos": "0"}, {name: ROWS[name] for name in rows})
    with Image.open(io.BytesIO(draw(report))) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_each_scale_has_a_panel() -> None:
    one, two = pixels(["a_x2"]), pixels(ROWS)
    assert one.shape[1] < two.shape[1]
    assert one.shape[0] == two.shape[0]


def test_each_network_has_a_dot() -> None:
    blue, green = (31, 119, 180), (44, 160, 44)
    drawn = pixels(ROWS)
    assert (drawn == blue).all(axis=2).any()
    assert (drawn == green).all(axis=2).any()
    assert not (pixels(["a_x2"]) == green).all(axis=2).any()


def test_the_same_report_gives_the_same_bytes() -> None:
    report = Report({}, {"photos": "0"}, ROWS)
    assert draw(report) == draw(report)


def test_a_missing_library_comes_with_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UsageError, match=r"-m pip install matplotlib$"):
        require_library()
