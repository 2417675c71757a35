from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.ncnn_files import plain_stack, write_network
from tests.training.conftest import draw_photograph
from tests.training.small import small_recipe
from training import judged
from training.judge import Candidate, Verdict, candidate, judge, table
from training.judge_sheet import draw_sheets
from training.judged import KINDS, Case, Plan, cases, spread, through_jpeg
from training.models import BadConfig, build
from training.recipes import RECIPES
from training.start import Places

PLAN = Plan(2, 48)


@pytest.fixture(scope="module")
def pictures(photographs: Path) -> list[Case]:
    paths = sorted(photographs.glob("*.png"))
    return [*cases(paths[:2], paths[2:], PLAN)]


def test_makes_every_kind(pictures: list[Case]) -> None:
    assert [case.kind for case in pictures] == ["a", "b", "c", "a", "b", "c", "d", "e"]
    for case in pictures:
        assert case.lr.shape == (48, 48, 3)
        assert case.lr.dtype == np.uint8
        assert (case.hr is None) == (case.kind in "de")
        if case.hr is not None:
            assert case.hr.shape == (96, 96, 3)
    clean, web, old = pictures[:3]
    assert clean.hr is web.hr is old.hr
    np.testing.assert_array_equal(web.lr, through_jpeg(clean.lr, 50))


def test_is_the_same_from_the_same_seed_whatever_is_beside_it(photographs: Path) -> None:
    paths = sorted(photographs.glob("*.png"))
    alone, among = [*cases(paths[1:2], [], PLAN)], [*cases(paths, [], PLAN)][3:6]
    for one, other in zip(alone, among, strict=True):
        np.testing.assert_array_equal(one.lr, other.lr)
    other = next(cases(paths[1:2], [], Plan(2, 48, seed=2)))
    assert not np.array_equal(alone[0].lr, other.lr)


def test_passes_over_what_is_too_small(photographs: Path, tmp_path: Path) -> None:
    Image.fromarray(draw_photograph(1, 40)).save(tmp_path / "small.png")
    assert not [*cases([tmp_path / "small.png"], [tmp_path / "small.png"], PLAN)]
    assert not [*cases(sorted(photographs.glob("*.png")), [], Plan(2, 129))]


def test_reduces_a_photograph_for_the_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []

    def note(pixels: np.ndarray, quality: int) -> np.ndarray:
        assert quality == 70
        seen.append(pixels)
        return pixels

    monkeypatch.setattr(judged, "through_jpeg", note)
    Image.fromarray(draw_photograph(1, 1000)).resize((1000, 500)).save(tmp_path / "wide.png")
    assert [case.kind for case in cases([], [tmp_path / "wide.png"], PLAN)] == ["d", "e"]
    assert seen[0].shape == (400, 800, 3)


@pytest.mark.parametrize(("count", "expected"), [(2, [0, 3]), (3, [0, 2, 4]), (9, [*range(6)])])
def test_spreads_over_what_there_is(count: int, expected: list[int]) -> None:
    paths = [Path(str(number)) for number in range(6)]
    assert spread(paths, count) == [paths[number] for number in expected]


def _repeat(lr: np.ndarray) -> np.ndarray:
    return lr.repeat(2, 1).repeat(2, 2)


@pytest.fixture(scope="module")
def verdicts(pictures: list[Case], features: Path) -> list[Verdict]:
    dark = Candidate("dark", lambda lr: _repeat(lr) * 0.6)
    return [*judge([Candidate("repeat", _repeat), dark], pictures, features)]


def test_measures_against_the_original_where_there_is_one(verdicts: list[Verdict]) -> None:
    assert len(verdicts) == 16
    for right, wrong in zip(verdicts[::2], verdicts[1::2], strict=True):
        assert right.case is wrong.case
        assert right.sr.shape == (96, 96, 3)
        assert right.marks["tone"] > wrong.marks["tone"] + 10
        if right.case.hr is None:
            assert right.marks.keys() == {"piqe", "tone"}
        else:
            assert right.marks["psnr"] > wrong.marks["psnr"]
            assert 0 < right.marks["distance"] < wrong.marks["distance"]


def test_the_table_has_means_by_kind(verdicts: list[Verdict]) -> None:
    rows = table(verdicts).splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows[:3]] == ["| a", "| a", "| b"]
    assert len(rows) == 10
    marks = [v.marks["distance"] for v in verdicts if v.candidate == "dark" and v.case.kind == "b"]
    assert rows[3].startswith(f"| b | dark | {np.mean(marks):.3f} | ")
    assert rows[-1].startswith("| e | dark | - | ")


def test_draws_a_sheet_of_every_kind(verdicts: list[Verdict], tmp_path: Path) -> None:
    paths = draw_sheets(verdicts, tmp_path / "sheets")
    assert [path.stem for path in paths] == [f"judge_{kind}" for kind in KINDS]
    sheet = np.asarray(Image.open(paths[0]))
    shown = verdicts[0].sr.repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(sheet[36 : 36 + 192, :192], shown)
    assert verdicts[0].case.hr is not None
    original = verdicts[0].case.hr.repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(sheet[36 : 36 + 192, 652 : 652 + 192], original)


def test_opens_what_can_be_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: list[Case]
) -> None:
    recipe = small_recipe("fast")
    monkeypatch.setitem(RECIPES, "small", recipe)
    net = build(recipe.model, recipe.scale, recipe.model_options)
    torch.save(net.state_dict(), tmp_path / "small.pt")
    param = write_network(tmp_path, plain_stack(4, 2).lines, "teacher")
    places = Places(tmp_path, tmp_path / "runs", tmp_path)
    lr = pictures[0].lr.transpose(2, 0, 1).astype(np.float32) / 255
    for text, name in (("bicubic", "bicubic"), (str(param), "teacher"), ("small", "small")):
        opened = candidate(text, 2, places)
        assert opened.name == name
        sr = opened.upscaler(lr)
        assert sr.shape == (3, 96, 96)
        if name != "teacher":  # whose weights are random
            assert np.abs(sr - _repeat(lr)).mean() < 0.05


@pytest.mark.parametrize("text", ["none", "fast_x4"])
def test_refuses_what_cannot_be_judged(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadConfig, match=f"{text}: neither bicubic, a .onnx"):
        candidate(text, 2, Places(tmp_path, tmp_path, tmp_path))
