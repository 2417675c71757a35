"""`data prepare`: pairs of folders, as training reads them."""

from pathlib import Path

import pytest

from sr_batch.core.errors import UsageError
from training.data.pictures import read_rgb
from training.data.prepare import Preparation, prepare
from training.data.resize import downscale
from training.data.sources import Data, gather, layout

HOW = Preparation(Data(split=(1, 1), order="index", size=96), 3, "bicubic", 1)


def test_writes_pairs_that_training_finds(photographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs"
    assert [*prepare(photographs, out, HOW)] == [
        f"{out / part}: 1 pairs" for part in ("train", "val", "test")
    ]
    found = gather(out, layout(out), 3, Data().cutting(48))
    (picture,) = found.train
    assert picture.hr == out / "train" / "high_res" / "0.png"
    assert picture.lr == out / "train" / "low_res" / "0.png"
    hr = read_rgb(picture.hr)
    assert (hr == read_rgb(photographs / "0.png")[80:176, 80:176]).all()
    lr = downscale(hr, 3).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    assert (read_rgb(picture.lr) == lr).all()
    assert [part[0].hr.stem for part in (found.validation, found.test)] == ["1", "2"]


def test_existing_files_are_not_mixed_with_new_ones(photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.png").touch()
    with pytest.raises(UsageError, match="contains files already; give a new folder with -o"):
        [*prepare(photographs, tmp_path, HOW)]
