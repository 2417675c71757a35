from pathlib import Path

import numpy as np
import pytest
import torch

from tests.importing.ncnn.files import plain_stack, write_network
from tests.training.conftest import draw_photograph
from tests.training.small import small_recipe
from training.models import BadConfig, build
from training.recipes import RECIPES
from training.run.candidates import candidate
from training.run.places import Places


def test_opens_bicubic_ncnn_files_and_recipes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("fast")
    monkeypatch.setitem(RECIPES, "small", recipe)
    net = build(recipe.model, recipe.scale, recipe.model_options)
    torch.save(net.state_dict(), tmp_path / "small.pt")
    param = write_network(tmp_path, plain_stack(4, 2).lines, "teacher")
    places = Places(tmp_path, tmp_path / "runs", tmp_path)
    lr = draw_photograph(1, 48).transpose(2, 0, 1).astype(np.float32) / np.float32(255)
    for text, name in (("bicubic", "bicubic"), (str(param), "teacher"), ("small", "small")):
        opened = candidate(text, 2, places)
        assert opened.name == name
        sr = opened.enlarge(lr)
        assert sr.shape == (3, 96, 96)
        if name != "teacher":  # whose weights are random
            assert np.abs(sr - lr.repeat(2, 1).repeat(2, 2)).mean() < 0.05


@pytest.mark.parametrize("text", ["none", "fast_x4"])
def test_refuses_other_names(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadConfig, match=f"{text}: neither bicubic, a .onnx"):
        candidate(text, 2, Places(tmp_path, tmp_path, tmp_path))
