from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sr_batch.core.image import Image
from tests.networks import conv_network, make_spec
from tests.upscaling.enlarging import enlarge

pytestmark = pytest.mark.usefixtures("networks")


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_colors_are_locked_on_demand(scale: int) -> None:
    image = Image(np.full((60, 70, 3), (40, 120, 200), np.uint8))
    free, locked = (
        enlarge(image, scale=scale, color_lock=lock).image.color.mean((0, 1)) for lock in (0, 1)
    )
    assert np.abs(locked - image.color[0, 0]).max() <= 2
    assert scale == 1 or np.abs(free - image.color[0, 0]).max() > 30


@pytest.mark.parametrize(("given", "locks"), [(None, True), (False, False), (True, True)])
def test_colors_are_locked_where_the_contract_says_so(
    tmp_path: Path, given: bool | None, locks: bool
) -> None:
    shifty = replace(make_spec(receptive_field=5, overlap=2), color_lock=True)
    path = conv_network(tmp_path / "shifty_x2.onnx", spec=shifty)
    image = Image(np.full((60, 70, 3), (40, 120, 200), np.uint8))
    mean = enlarge(image, model=str(path), color_lock=given).image.color.mean((0, 1))
    assert (np.abs(mean - image.color[0, 0]).max() <= 2) == locks
