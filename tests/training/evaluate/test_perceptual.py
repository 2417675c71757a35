from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr_batch.inference.model_catalog import choose
from training.evaluate.perceptual import lr_crops, perceptual_distance


def test_what_is_enlarged_well_is_near_in_features(
    photographs: Path, features: Path, tmp_path: Path
) -> None:
    model = choose("espcn")[2].path
    Image.new("RGB", (96, 96), (90, 120, 60)).save(tmp_path / "flat.png")
    flat = perceptual_distance(model, [tmp_path / "flat.png"], features)
    pictures = sorted(photographs.glob("*.png"))
    assert 0 <= flat < 0.2 * perceptual_distance(model, pictures, features)


@pytest.mark.parametrize(("color", "channels"), [("rgb", 3), ("y", 1)])
def test_crops_are_spread_over_the_photographs(
    photographs: Path, color: str, channels: int
) -> None:
    crops = lr_crops(sorted(photographs.glob("*.png")), 2, 3, "y" if color == "y" else "rgb")
    assert [crop.shape for crop in crops] == [(channels, 85, 85)] * 2
    assert all(crop.dtype == np.float32 and crop.min() >= 0 and crop.max() <= 1 for crop in crops)
