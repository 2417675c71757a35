"""Runs on folders of a user: pictures alone, and pairs."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from sr_batch.bench.quality import judge
from sr_batch.core.errors import UsageError
from tests.training.conftest import draw_photograph
from tests.training.small import small_recipe
from training.data.pictures import Color, TooSmall, read_rgb
from training.data.prepare import Preparation, prepare
from training.data.sources import Data, Source
from training.evaluate.paired import score_pairs
from training.models.layers import Bicubic
from training.models.torch_session import TorchSession, unmeasured_spec
from training.run.places import Places
from training.run.run_data import RunData, measured_on, monitored, run_data
from training.run.setting import Setting
from training.run.start import carry_out

RECIPE = replace(small_recipe("espcn", 2), scale=2)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four photographs, the largest of 500x500."""
    folder = tmp_path_factory.mktemp("photos")
    for seed, side in enumerate((64, 96, 128, 500)):
        Image.fromarray(draw_photograph(seed, side)).save(folder / f"{seed}.PNG")
    return folder


@pytest.fixture(scope="module")
def pairs(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs with blurred LR: three for training, and the largest for validation."""
    folder = tmp_path_factory.mktemp("root") / "pairs"
    how = Preparation(Data(split=(3, 1), order="index"), 2, "blur", 1)
    list(prepare(photos, folder, how))
    return folder


def test_a_folder_of_photographs_is_enough(photos: Path, tmp_path: Path) -> None:
    recipe = replace(RECIPE, data=Data(split=(3, 1), order="index"))
    found = run_data(recipe, photos)
    assert [path.stem for path in found.files] == [*"012"]
    ((kept, lr),) = monitored(found, photos, tmp_path)
    assert lr is None
    assert (read_rgb(kept) == read_rgb(photos / "3.PNG")[10:490, 10:490]).all()
    assert measured_on(recipe, photos) == found.validation


def test_pairs_are_learned_from_and_monitored_on(pairs: Path, tmp_path: Path) -> None:
    recipe, folder = replace(RECIPE, lr=1e-9), tmp_path / "runs" / "it"
    setting = Setting(folder, torch.device("cpu"), False, ())
    carry_out(recipe, setting, Places(pairs, tmp_path / "runs", tmp_path / "kept"))
    (row,) = (folder / "metrics.csv").read_text().splitlines()[1:]
    ((hr, lr),) = ((each.hr, each.lr) for each in run_data(RECIPE, pairs).validation)
    assert lr
    bicubic = TorchSession(Bicubic(2), unmeasured_spec("bicubic", 2, "y"))
    blurred = score_pairs([(hr, lr)], bicubic)
    assert blurred.network.psnr == pytest.approx(float(row.split(",")[3]), abs=1)
    assert blurred.network.psnr < judge(read_rgb(hr), bicubic).network.psnr - 1
    assert blurred.network.psnr == pytest.approx(blurred.bicubic.psnr, abs=0.1)


def test_bicubic_pairs_have_the_score_of_their_originals(photos: Path, tmp_path: Path) -> None:
    how = Preparation(Data(split=(3, 1), order="index"), 2, "bicubic", 1)
    list(prepare(photos, tmp_path / "pairs", how))
    colors: tuple[Color, ...] = ("y", "rgb")
    for color in colors:
        net = Bicubic(2, channels=3 if color == "rgb" else 1)
        session = TorchSession(net, unmeasured_spec("bicubic", 2, color))
        files = [tmp_path / "pairs" / "train" / kind / "2.png" for kind in ("high_res", "low_res")]
        scored = score_pairs([(files[0], files[1])], session)
        expected = judge(read_rgb(photos / "2.PNG"), session)
        assert scored.network.psnr == pytest.approx(expected.network.psnr, abs=0.05)
        assert scored.bicubic.ssim == pytest.approx(expected.bicubic.ssim, abs=0.005)


def test_the_image_sets_keep_their_tiles_and_their_monitor(data: Path, tmp_path: Path) -> None:
    found = run_data(RECIPE, data)
    assert (found.cutting.covers, found.validation) == (False, ())
    assert [path for path, _ in monitored(found, data, tmp_path)] == [data / "eval/Set5/0.png"]
    assert measured_on(RECIPE, data) == ()
    own = replace(RECIPE, data=Data((Source("valid"),), split=(5, 1)))
    assert len(run_data(own, data).validation) == 1


def test_lr_that_the_recipe_would_not_use_is_refused(pairs: Path) -> None:
    with pytest.raises(UsageError, match="but the recipe makes it by `area`"):
        run_data(replace(RECIPE, degradation="area"), pairs)
    with pytest.raises(UsageError, match="pairs have one scale, but the recipe is for x2, x4"):
        run_data(replace(RECIPE, scales=(4,)), pairs)


def test_validation_pictures_that_are_damaged_are_left_out(photos: Path, tmp_path: Path) -> None:
    (first, *_) = run_data(RECIPE, photos).train
    bad = tmp_path / "bad.png"
    bad.write_bytes(first.hr.read_bytes()[:2000])
    damaged = replace(first, hr=bad)
    found = RunData((first,), Data().cutting(1), (damaged, first))
    assert len(monitored(found, photos, tmp_path / "made")) == 1
    with pytest.raises(TooSmall, match="none of the validation pictures can be decoded"):
        monitored(replace(found, validation=(damaged,)), photos, tmp_path / "made")
