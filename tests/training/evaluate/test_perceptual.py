from pathlib import Path

from PIL import Image

from sr_batch.inference.model_catalog import choose
from training.evaluate.perceptual import perceptual_distance


def test_a_flat_picture_has_a_smaller_distance_than_photographs(
    photographs: Path, features: Path, tmp_path: Path
) -> None:
    model = choose("espcn")[2].path
    Image.new("RGB", (96, 96), (90, 120, 60)).save(tmp_path / "flat.png")
    flat = perceptual_distance(model, [tmp_path / "flat.png"], features)
    pictures = sorted(photographs.glob("*.png"))
    assert 0 <= flat < 0.2 * perceptual_distance(model, pictures, features)
