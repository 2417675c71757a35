from pathlib import Path

import numpy as np
import pytest

from training.data.lr_crops import lr_crops


@pytest.mark.parametrize(("color", "channels"), [("rgb", 3), ("y", 1)])
def test_crops_are_spread_over_the_photographs(
    photographs: Path, color: str, channels: int
) -> None:
    crops = lr_crops(sorted(photographs.glob("*.png")), 2, 3, "y" if color == "y" else "rgb")
    assert [crop.shape for crop in crops] == [(channels, 85, 85)] * 2
    assert all(crop.dtype == np.float32 and crop.min() >= 0 and crop.max() <= 1 for crop in crops)
