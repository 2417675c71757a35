from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr_batch.inference.model_catalog import choose
from sr_batch.inference.onnx_session import OnnxSession
from tests.training.conftest import draw_photograph
from training.evaluate.contact_sheet import draw, hardest
from training.evaluate.restore import Row, compare


@pytest.mark.parametrize(("name", "scale"), [("espcn", 3), ("edsr", 4)])
def test_the_network_is_closer_to_the_photograph_than_bicubic(name: str, scale: int) -> None:
    photograph = draw_photograph(0, 100)
    row = compare(photograph, OnnxSession.open(choose(name)[scale].path))
    side = 100 - 100 % scale
    assert row.hr.shape == row.sr.shape == row.bicubic.shape == (side, side, 3)
    errors = [np.square(image.astype(float) - row.hr).mean() for image in (row.sr, row.bicubic)]
    assert errors[0] < errors[1] < 2000


def test_finds_the_largest_error_of_bicubic() -> None:
    hr = np.zeros((50, 60, 3), np.uint8)
    hr[30:40, 20:30] = 255
    flat = np.zeros_like(hr)
    assert hardest(Row(flat, flat, flat, hr), 10) == (30, 20)


def test_draws_a_row_for_each_photograph(photographs: Path, tmp_path: Path) -> None:
    session = OnnxSession.open(choose("espcn")[2].path)
    draw(sorted(photographs.glob("*.png"))[:2], session, tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.size == (4 * 224, 2 * 242)
