"""Small pictures with edges and texture, so that a network has something to learn."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from training.losses.perceptual import SqueezeNet

torch.set_num_threads(1)


def seeded(seed: int) -> torch.Generator:
    """Random numbers that are the same every time."""
    return torch.Generator().manual_seed(seed)


def draw_photograph(seed: int, side: int = 256) -> np.ndarray:
    """uint8 (side, side, 3): soft colour, hard-edged discs and a little grain."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    picture = np.stack([y, x, 1 - y], axis=-1) * random.uniform(60, 200, 3)
    for _ in range(40):
        cy, cx, radius = random.uniform(0, 1), random.uniform(0, 1), random.uniform(0.02, 0.15)
        disc = (y - cy) ** 2 + (x - cx) ** 2 < radius**2
        picture[disc] = random.uniform(0, 255, 3)
    return np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def draws_pictures() -> None:
    """Let runs of this test draw their curve and their contact sheet."""


@pytest.fixture(autouse=True)
def _no_pictures_of_runs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end without their curve and their contact sheet, which take seconds."""
    if "draws_pictures" not in request.fixturenames:
        monkeypatch.setattr("training.run.loop.draw_pictures", lambda run: None)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three PNGs of 256x256."""
    folder = tmp_path_factory.mktemp("photographs")
    for seed in range(3):
        Image.fromarray(draw_photograph(seed)).save(folder / f"{seed}.png")
    return folder


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All folders of images that training and exporting need, with few images."""
    root = tmp_path_factory.mktemp("data")
    folders = ("train-tight", "valid", "eval/Set5", "eval/Set14", "eval/BSD100")
    for folder in folders:
        (root / folder).mkdir(parents=True)
        for seed in range(6 if folder == "valid" else 1):
            side = 256 if folder == "train-tight" else 96
            picture = Image.fromarray(draw_photograph(seed, side))
            picture.save(root / folder / f"{seed}.png")
    return root


@pytest.fixture(scope="session")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for the perceptual loss, with random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("features") / "squeezenet.h5"
    _save_as_keras(SqueezeNet(), path)
    return path


def _save_as_keras(net: SqueezeNet, path: Path) -> None:
    """In the layout of the published file: kernels HWIO, groups that repeat the layer."""
    with h5py.File(path, "w") as file:
        for number, (key, tensor) in enumerate(net.state_dict().items()):
            layer = key.rpartition(".")[0].replace(".", "/")
            if key.endswith("weight"):
                file[f"{layer}/uniform{number}"] = tensor.permute(2, 3, 1, 0).numpy()
            else:
                inner = "" if layer == "conv1" else f"{layer.rpartition('/')[0]}/"
                file[f"{layer}/{inner}{layer.rpartition('/')[2]}_b"] = tensor.numpy()
