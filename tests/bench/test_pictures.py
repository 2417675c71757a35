from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch.bench.pictures import list_pictures, read_picture, read_set
from sr_batch.core.errors import UsageError
from tests.fakes import save_picture


def test_a_set_has_all_pictures_of_a_folder(tmp_path: Path) -> None:
    save_picture(tmp_path / "set" / "b" / "2.png", seed=2)
    save_picture(tmp_path / "set" / "1.bmp", seed=1)
    (tmp_path / "set" / "notes.txt").write_text("none")
    found = read_set(tmp_path / "set")
    assert found.name == "set"
    assert [picture.shape for picture in found.pictures] == [(4, 6, 3)] * 2
    assert read_set(tmp_path / "set" / ".").digest == found.digest


def test_other_pixels_change_the_digest(tmp_path: Path) -> None:
    save_picture(tmp_path / "1.png", seed=1)
    before = read_set(tmp_path).digest
    save_picture(tmp_path / "1.png", seed=2)
    assert read_set(tmp_path).digest != before


def test_gray_stays_gray_and_16_bit_is_rounded(tmp_path: Path) -> None:
    deep = np.array([[0, 128, 129, 65535]], np.uint16)
    Pillow.fromarray(deep).save(tmp_path / "deep.png")
    assert read_picture(tmp_path / "deep.png").tolist() == [[[0], [0], [1], [255]]]


@pytest.mark.parametrize("content", [None, "notes.txt"])
def test_a_folder_without_pictures_is_refused(content: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    if content:
        save_picture(folder / "1.png").rename(folder / content)
        (folder / content).write_text("none")
    with pytest.raises(UsageError, match="set: "):
        list_pictures(folder)


def test_a_set_with_a_broken_picture_is_refused(tmp_path: Path) -> None:
    save_picture(tmp_path / "1.png")
    data = save_picture(tmp_path / "2.png", size=(64, 64)).read_bytes()
    (tmp_path / "2.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(UsageError, match=r"2\.png.*remove this file"):
        read_set(tmp_path)
