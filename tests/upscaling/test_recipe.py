from pathlib import Path
from typing import Any

import pytest

from sr_batch.upscaling.upscaler import Upscaler
from tests.networks import conv_network
from tests.upscaling.enlarging import choose, ignore

pytestmark = pytest.mark.usefixtures("networks")


def recipe(**options: Any) -> str:
    with Upscaler(choose(**options), ignore) as upscaler:
        return upscaler.recipe


@pytest.mark.parametrize(
    "other",
    [{"model": "block"}, {"scale": 4}, {"scale": 1.5}, {"mode": "y"}, {"overlap": "full"}],
    ids=str,
)
def test_recipe_changes_with_options_that_change_pixels(other: dict[str, Any]) -> None:
    assert recipe(**other) != recipe()


@pytest.mark.parametrize(
    "other", [{"tile": 64}, {"jobs": 1}, {"device": "auto"}, {"quality": 1}], ids=str
)
def test_recipe_ignores_options_that_keep_pixels(other: dict[str, Any]) -> None:
    assert recipe(**other) == recipe()


def test_recipe_depends_on_the_content_of_the_network(folder: Path, tmp_path: Path) -> None:
    other = conv_network(tmp_path / "small_x2.onnx", 2, width=9)
    same = tmp_path / "same.onnx"
    same.write_bytes((folder / "small_x2.onnx").read_bytes())
    assert recipe(model=str(other)) != recipe(model=str(same)) == recipe()


def test_color_lock_and_precision_are_part_of_the_recipe() -> None:
    chosen: tuple[dict[str, Any], ...] = (
        {},
        {"color_lock": True},
        {"color_lock": False},
        {"precision": "fp16"},
    )
    assert len({recipe(model="dazzled", **options) for options in chosen}) == 4
