from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr_batch.core.arrays import FloatArray
from tests.training.conftest import draw_photograph
from training.evaluate import judge_pictures
from training.evaluate.judge_pictures import KINDS, Case, Plan, cases, spread, through_jpeg
from training.evaluate.judge_sheet import draw_sheets
from training.evaluate.metrics import METRICS
from training.evaluate.photo_judge import Candidate, Verdict, judge, table
from training.evaluate.restore import Pair

PLAN = Plan(2, 48)


@pytest.fixture(scope="module")
def pictures(photographs: Path) -> list[Case]:
    paths = sorted(photographs.glob("*.png"))
    return [*cases(paths[:2], paths[2:], PLAN)]


def test_makes_every_kind_of_case(pictures: list[Case]) -> None:
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


def test_a_seed_gives_the_same_cases_with_and_without_other_pictures(photographs: Path) -> None:
    paths = sorted(photographs.glob("*.png"))
    alone, among = [*cases(paths[1:2], [], PLAN)], [*cases(paths, [], PLAN)][3:6]
    for one, other in zip(alone, among, strict=True):
        np.testing.assert_array_equal(one.lr, other.lr)
    other = next(cases(paths[1:2], [], Plan(2, 48, seed=2)))
    assert not np.array_equal(alone[0].lr, other.lr)


def test_skips_pictures_that_are_too_small(photographs: Path, tmp_path: Path) -> None:
    Image.fromarray(draw_photograph(1, 40)).save(tmp_path / "small.png")
    assert not [*cases([tmp_path / "small.png"], [tmp_path / "small.png"], PLAN)]
    assert not [*cases(sorted(photographs.glob("*.png")), [], Plan(2, 129))]


def test_reduces_a_photograph_for_the_web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []

    def note(pixels: np.ndarray, quality: int) -> np.ndarray:
        assert quality == 70
        seen.append(pixels)
        return pixels

    monkeypatch.setattr(judge_pictures, "through_jpeg", note)
    Image.fromarray(draw_photograph(1, 1000)).resize((1000, 500)).save(tmp_path / "wide.png")
    assert [case.kind for case in cases([], [tmp_path / "wide.png"], PLAN)] == ["d", "e"]
    assert seen[0].shape == (400, 800, 3)


@pytest.mark.parametrize(("count", "expected"), [(2, [0, 3]), (3, [0, 2, 4]), (9, [*range(6)])])
def test_spreads_over_what_there_is(count: int, expected: list[int]) -> None:
    paths = [Path(str(number)) for number in range(6)]
    assert spread(paths, count) == [paths[number] for number in expected]


def _repeat(lr: FloatArray) -> FloatArray:
    return lr.repeat(2, 1).repeat(2, 2)


@pytest.fixture(scope="module")
def verdicts(pictures: list[Case], features: Path) -> list[Verdict]:
    dark = Candidate("dark", lambda lr: _repeat(lr) * np.float32(0.6))
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


def test_measures_niqe_as_evaluate_does_where_the_output_is_large_enough(features: Path) -> None:
    case = Case("e", "square", draw_photograph(2, 96))
    (verdict,) = judge([Candidate("repeat", _repeat)], [case], features)
    expected = METRICS["niqe"].of(Pair(verdict.sr, verdict.sr))
    assert verdict.marks["niqe"] == expected
    head, _, row = (line.split(" | ") for line in table([verdict]).splitlines())
    assert row[head.index("niqe")] == f"{expected:.2f}"


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
    first, second = (v for v in verdicts[:2] if v.case.kind == "a")
    assert first.case.hr is not None
    row = (first.sr, second.sr, first.case.hr)
    lefts = [_left_of(sheet, pixels.repeat(2, 0).repeat(2, 1)) for pixels in row]
    assert lefts == sorted(set(lefts))


def _left_of(sheet: np.ndarray, pixels: np.ndarray) -> int:
    """Where ``pixels`` are on ``sheet``, once."""
    windows = np.lib.stride_tricks.sliding_window_view(sheet[..., 0], pixels.shape[:2])
    corners = (0, 0, -1, -1), (0, -1, 0, -1)
    alike = np.ones(windows.shape[:2], bool)
    for row, column in zip(*corners, strict=True):
        alike &= windows[..., row, column] == pixels[row, column, 0]
    found = [
        (top, left)
        for top, left in np.argwhere(alike)
        if np.array_equal(sheet[top : top + len(pixels), left : left + pixels.shape[1]], pixels)
    ]
    ((_, left),) = found
    return int(left)
