"""One protocol for the monitor, the scores, contact sheets and exports."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr_batch.bench.quality import judge
from sr_batch.core.model_spec import ModelSpec
from sr_batch.inference.model_catalog import choose
from sr_batch.inference.onnx_session import read_spec
from sr_batch.inference.session import Batch
from tests.training.conftest import draw_photograph
from tests.training.small import setting, small_recipe
from training.evaluate import contact_sheet
from training.evaluate.protocol import DEFAULT, Protocol, protocol_of
from training.evaluate.restore import compare, restored
from training.evaluate.standard_sets import score_pictures
from training.models.layers import Bicubic
from training.models.torch_session import TorchSession, unmeasured_spec
from training.recipes import RECIPES
from training.release.contract import draft_spec
from training.run.trainer import Run

PICTURE = draw_photograph(3, 90)


def bicubic(color: str, scale: int = 3) -> TorchSession:
    spec = unmeasured_spec("bicubic", scale, "y" if color == "y" else "rgb")
    return TorchSession(Bicubic(scale, spec.channels), spec)


@dataclass
class Spy:
    """A session that repeats LR pixels, and keeps what it was given."""

    spec: ModelSpec
    provider: str = "spy"
    seen: list[np.ndarray] = field(default_factory=list)

    def __call__(self, batch: Batch) -> Batch:
        self.seen.append(batch)
        return batch.repeat(self.spec.scale, 2).repeat(self.spec.scale, 3)


def seen_by(protocol: Protocol, color: str = "y", picture: np.ndarray = PICTURE) -> np.ndarray:
    """LR (C, h, w), 0..255, that a network gets."""
    spy = Spy(bicubic(color).spec)
    restored(picture, spy, protocol)
    return spy.seen[0][0] * 255


@pytest.mark.parametrize("color", ["y", "rgb"])
@pytest.mark.parametrize("channels", [1, 3])
def test_by_default_every_figure_is_that_of_the_tool(
    color: str, channels: int, tmp_path: Path
) -> None:
    picture = PICTURE[..., :channels]
    Image.fromarray(picture if channels == 3 else picture[..., 0]).save(tmp_path / "a.png")
    session = bicubic(color)
    assert score_pictures([tmp_path / "a.png"], session) == judge(picture, session)


def test_area_gives_a_network_the_mean_of_each_square() -> None:
    lr = seen_by(Protocol("area"), "rgb")
    means = PICTURE.reshape(30, 3, 30, 3, 3).mean((1, 3)).transpose(2, 0, 1)
    np.testing.assert_allclose(lr, np.rint(means), atol=1.001)
    assert np.abs(lr - np.rint(means)).mean() < 0.01  # halves may round either way


def test_a_luma_network_gets_lr_that_is_not_rounded() -> None:
    lr = seen_by(Protocol("area"))
    assert np.abs(lr - np.rint(lr)).max() > 0.1


def test_blur_takes_a_fixed_sigma_or_one_of_a_range() -> None:
    sharp, soft = (seen_by(Protocol("blur", (s, s))) for s in (0.3, 3.0))
    detail = [np.abs(np.diff(lr)).mean() for lr in (sharp, soft)]
    assert detail[1] < 0.7 * detail[0]
    ranged = Protocol("blur", (0.3, 3.0))
    np.testing.assert_array_equal(seen_by(ranged), seen_by(ranged))
    assert (seen_by(ranged) != seen_by(replace(ranged, seed=2))).any()


def test_full_range_luma_reads_the_same_error_as_a_larger_one() -> None:
    studio = restored(PICTURE, bicubic("rgb"), Protocol(channel="y")).network
    full = restored(PICTURE, bicubic("rgb"), Protocol(channel="y-full")).network
    error, larger = (np.square(pair.sr - pair.hr).mean() for pair in (studio, full))
    assert 10 * np.log10(larger / error) == pytest.approx(1.32, abs=0.005)


@pytest.mark.parametrize("color", ["y", "rgb"])
def test_rgb_compares_three_channels_without_the_border(color: str) -> None:
    pair = restored(PICTURE, bicubic(color), Protocol(channel="rgb", border=5)).network
    assert pair.sr.shape == pair.hr.shape == (80, 80, 3)
    np.testing.assert_array_equal(pair.hr, PICTURE[5:-5, 5:-5])
    assert np.abs(pair.sr - pair.hr).mean() < 20


def test_pooled_psnr_is_that_of_the_mean_error(photographs: Path) -> None:
    paths = sorted(photographs.iterdir())[:2]
    session = bicubic("y")
    each = [score_pictures([path], session).network.psnr for path in paths]
    found = score_pictures(paths, session, protocol=Protocol(pooled=True)).network.psnr
    assert found == pytest.approx(-10 * np.log10(np.mean([10 ** (-p / 10) for p in each])))
    assert found < np.mean(each)


def test_area_and_blur_networks_are_judged_on_such_lr() -> None:
    assert protocol_of(RECIPES["espcn_x3_report"]).degradation == "area"
    blurred = replace(RECIPES["srcnn_x3_report"], sigma=(1.6, 1.6))
    assert protocol_of(blurred) == Protocol("blur", (1.6, 1.6))
    assert protocol_of(RECIPES["edsr_x2"]) == DEFAULT
    assert protocol_of(RECIPES["photo_x4"]) == DEFAULT  # whose degradations `judge` measures


def test_a_run_is_monitored_and_pictured_on_lr_as_in_its_training(
    tmp_path: Path,
) -> None:
    recipe = replace(small_recipe("espcn"), degradation="area")
    Image.fromarray(PICTURE).save(tmp_path / "small.png")
    run = Run(recipe, setting(tmp_path, tmp_path))
    paths, session = run.setting.monitor, run.session()
    assert run.score() == score_pictures(paths, session, protocol=Protocol("area")).network
    assert run.score() != score_pictures(paths, session).network
    row = compare(PICTURE, session, protocol_of(recipe))
    means = PICTURE.reshape(45, 2, 45, 2, 3).mean((1, 3))
    assert np.abs(row.lr - means).max() <= 0.51
    contact_sheet.draw(paths, session, tmp_path / "area.jpg", Protocol("area"))
    contact_sheet.draw(paths, session, tmp_path / "bicubic.jpg")
    assert (tmp_path / "area.jpg").read_bytes() != (tmp_path / "bicubic.jpg").read_bytes()


@pytest.mark.parametrize(
    ("recipe", "text"),
    [
        ("edsr_x2", "antialiased bicubic LR (8-bit for RGB networks, float for Y networks)"),
        ("espcn_x3_report", "pixels left out, area-averaged LR (8-bit for RGB"),
        ("srcnn_x3_report", "bicubic LR after a Gaussian blur of sigma 0.5 to 2 (8-bit"),
    ],
)  # fmt: skip
def test_a_contract_says_how_lr_was_made(recipe: str, text: str) -> None:
    assert text in draft_spec(RECIPES[recipe]).protocol


def test_the_contract_of_a_bicubic_network_reads_as_before() -> None:
    assert read_spec(choose("edsr")[2].path).protocol == DEFAULT.text()
