"""The command ``report``: one page about a run and an exported file."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from sr_batch.core.errors import UsageError
from sr_batch.inference.model_catalog import choose
from tests.training.conftest import draw_photograph
from tests.training.small import small_recipe
from training import cli
from training.cli.reporting import measured_set
from training.evaluate.metrics import chosen
from training.evaluate.protocol import DEFAULT
from training.models import build
from training.recipes import RECIPES
from training.report.page import Plan, measure
from training.report.pictures import Crop, draw_triples, parse_crop
from training.report.subject import read_curve
from training.run.networks import open_networks
from training.run.places import Places

CURVE = "iteration,loss,lr,monitor_psnr,monitor_ssim\n500,0.1,1e-3,31,0.8\n1000,0.05,1e-4,30,0.9\n"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Folders with one run, ``runs/small``, which is not in ``kept``."""
    root = tmp_path_factory.mktemp("report")
    recipe = small_recipe("espcn")
    run = root / "runs" / "small"
    run.mkdir(parents=True)
    (run / "metrics.csv").write_text(CURVE)
    net = build(recipe.model, recipe.scale, recipe.model_options)
    torch.save(net.state_dict(), run / "best.pt")
    (root / "photos").mkdir()
    for name, seed in (("one", 1), ("two", 2)):
        Image.fromarray(draw_photograph(seed, 66)).save(root / "photos" / f"{name}.png")
    return Places(root, root / "runs", root / "kept")


def test_writes_a_page_about_a_run_and_a_file(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "small", small_recipe("espcn"))
    arguments = [str(places.runs / "small"), str(choose("espcn")[2].path), "-o", str(tmp_path)]
    arguments += ["--set", str(places.data / "photos"), "--shown", "1", "--crop", "4,8,20"]
    result = CliRunner().invoke(cli.app, ["report", *arguments], catch_exceptions=False)
    assert result.output == f"{tmp_path / 'report.md'}\n"
    page = (tmp_path / "report.md").read_text()
    pictures = re.findall(r"!\[[^]]*\]\((\S+)\)", page)
    assert pictures == [
        "psnr.png",
        "curves.png",
        "side_by_side.png",
        "pictures_small.png",
        "pictures_espcn_x2.png",
        "histograms.png",
    ]
    for name in pictures:
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 300
    assert f"- small: {DEFAULT.text()}" in page
    figures = r"\d+ K \| \d\d\.\d{3} \| 0\.\d{4} \| \d\d\.\d{3} \| (yes|no)"
    assert re.search(rf"\| espcn_x2 \| x2 \| {figures} \|", page)
    assert "| small | 1000 | 0.05 | 31.000 | 500 |" in page
    assert re.search(r"\| two \| \d\d\.\d\d -> \d\d?\.\d\d \| \d\d\.\d\d -> \d\d\.\d\d \|", page)
    assert "| espcn_x2 | Clean outlines in little time and memory. |" in page


def test_without_a_set_the_validation_pictures_of_the_first_run_are_measured(
    places: Places, tmp_path: Path
) -> None:
    validation = places.runs / "small" / "validation"
    validation.mkdir()
    picture = validation / "a.jpg.png"
    Image.fromarray(draw_photograph(1, 66)).save(picture)
    for first in ("small", str(places.runs / "small")):
        measured = measured_set("", first, places)
        assert measured == ("the validation pictures of small", [picture])
    with pytest.raises(UsageError, match="--set Set5: neither a folder nor a set in"):
        measured_set("", "other", places)


def test_the_triple_shows_the_chosen_crop_of_the_original(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "small", small_recipe("espcn"))
    (opened,) = open_networks(["small"], places)
    plan = Plan(sorted((places.data / "photos").iterdir()), "photos", chosen(["psnr"]), 1)
    draw_triples(measure(opened, {}, plan), lambda _: Crop(20, 4, 8), tmp_path / "a.png")
    sheet = np.asarray(Image.open(tmp_path / "a.png"))
    crop = Image.fromarray(draw_photograph(1, 66)).crop((4, 8, 24, 28))
    zoomed = np.asarray(crop.resize((240, 240), Image.Resampling.NEAREST))
    shown = sheet[-260:, -260:]
    assert any(
        (shown[top : top + 240, left : left + 240] == zoomed).all()
        for top in range(20)
        for left in range(20)
    )


def test_a_crop_is_central_or_chosen_and_stays_in_the_picture() -> None:
    hr = np.zeros((50, 80, 3), np.uint8)
    assert parse_crop("20").box(hr) == (30, 15, 50, 35)
    assert parse_crop("70,45,20").box(hr) == (60, 30, 80, 50)
    assert parse_crop("90").box(hr) == (15, 0, 65, 50)
    for wrong in ("", "a", "0", "1,2", "-1,2,3"):
        with pytest.raises(UsageError, match=r"give a side such as 64, or LEFT,TOP,SIDE"):
            parse_crop(wrong)


def test_a_recipe_without_a_run_has_the_curve_that_git_keeps(places: Places) -> None:
    places.kept.mkdir(exist_ok=True)
    (places.kept / "other.csv").write_text(CURVE.replace("0.05", ""))
    curve = read_curve("other", places)
    assert curve["monitor_psnr"] == [31, 30]
    assert np.isnan(curve["loss"][1])
    assert read_curve("exported/none.onnx", places) == {}


def test_networks_of_one_name_are_told_apart(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "small", small_recipe("espcn"))
    texts = ["small", str(places.runs / "small"), str(choose("espcn")[2].path)]
    names = [each.name for each in open_networks(texts, places)]
    assert names == ["small", str(places.runs / "small").replace("/", "_"), "espcn_x2"]
