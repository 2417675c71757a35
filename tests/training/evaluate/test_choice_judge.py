from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr_batch.core.arrays import FloatArray
from tests.training.conftest import draw_photograph
from training.data.pictures import TooSmall
from training.evaluate.choice_judge import AUTO, Compared, compare, listing, table
from training.evaluate.mixed_set import KINDS, Mixed, MixedPlan, mixed_set
from training.evaluate.photo_judge import Candidate

PLAN = MixedPlan(scale=2, count=2, side=48)


@pytest.fixture(scope="module")
def pictures(photographs: Path) -> list[Mixed]:
    return [*mixed_set(sorted(photographs.glob("*.png")), PLAN)]


def test_makes_every_kind_with_its_original(pictures: list[Mixed]) -> None:
    assert [each.kind for each in pictures] == [kind for kind in KINDS for _ in range(2)]
    for each in pictures:
        assert (each.lr.shape, each.hr.shape) == ((48, 48, 3), (96, 96, 3))
        assert each.lr.dtype == each.hr.dtype == np.uint8


def test_only_files_that_are_jpegs_have_a_quality(pictures: list[Mixed]) -> None:
    always, never = {"camera", "phone", "web"}, {"clean", "rescaled", "noisy", "screenshot"}
    assert all(each.quality for each in pictures if each.kind in always)
    assert not any(each.quality for each in pictures if each.kind in never)


def test_a_seed_gives_the_same_set(photographs: Path, pictures: list[Mixed]) -> None:
    paths = sorted(photographs.glob("*.png"))
    for one, other in zip(pictures, mixed_set(paths, PLAN), strict=True):
        np.testing.assert_array_equal(one.lr, other.lr)
    other = next(mixed_set(paths, MixedPlan(scale=2, count=2, side=48, seed=2)))
    assert not np.array_equal(other.lr, pictures[0].lr)


def test_more_pictures_than_files_are_other_crops(photographs: Path) -> None:
    paths = sorted(photographs.glob("*.png"))
    clean = [*mixed_set(paths, MixedPlan(scale=2, count=5, side=48))][:5]
    assert len({each.lr.tobytes() for each in clean}) == 5


def test_small_pictures_are_left_out(photographs: Path, tmp_path: Path) -> None:
    Image.fromarray(draw_photograph(1, 40)).save(tmp_path / "small.png")
    paths = [tmp_path / "small.png", *sorted(photographs.glob("*.png"))]
    assert "small" not in {each.name for each in mixed_set(paths, PLAN)}


@pytest.mark.parametrize(("picture", "side"), [((256, 256), 129), ((2100, 2100), 513)])
def test_pictures_that_are_all_too_small_are_an_error_that_names_the_flag(
    tmp_path: Path, picture: tuple[int, int], side: int
) -> None:
    """A picture over 2048 pixels is reduced to 1024, so that a crop of 1026 never fits."""
    Image.new("RGB", picture).save(tmp_path / "a.png")
    with pytest.raises(TooSmall, match=rf"{2 * side}x{2 * side} pixels for --side {side} and"):
        next(mixed_set([tmp_path / "a.png"], MixedPlan(scale=2, side=side)))


def _repeat(lr: FloatArray) -> FloatArray:
    return lr.repeat(2, 1).repeat(2, 2)


@pytest.fixture(scope="module")
def rows(pictures: list[Mixed], features: Path) -> list[Compared]:
    dark = Candidate("dark", lambda lr: _repeat(lr) * np.float32(0.5))
    flat = Candidate("flat", lambda lr: _repeat(lr) * np.float32(0))
    return [*compare(Candidate("repeat", _repeat), dark, [flat], pictures, features)]


def test_auto_has_the_distance_of_the_network_it_chose(rows: list[Compared]) -> None:
    assert {row.is_clean for row in rows} == {True, False}
    for row in rows:
        assert row.distances[AUTO] == row.distances["repeat" if row.is_clean else "dark"]
        assert len(set(row.distances.values())) == 3


def test_the_table_has_a_line_for_each_kind_and_one_for_all(rows: list[Compared]) -> None:
    lines = table(rows).splitlines()
    assert lines[0] == "| kind | repeat | dark | flat | auto | taken for clean |"
    assert [line.split(" | ")[0] for line in lines[2:]] == [f"| {kind}" for kind in (*KINDS, "all")]
    mean = np.mean([row.distances["flat"] for row in rows])
    assert f" {mean:.3f} " in lines[-1]
    assert lines[-1].endswith(f"| {sum(row.is_clean for row in rows)} of 16 |")


def test_the_listing_has_a_line_for_each_picture(rows: list[Compared]) -> None:
    head, *lines = (line.split("\t") for line in listing(rows).splitlines())
    assert len(lines) == 16
    assert {len(line) for line in (head, *lines)} == {12}
    assert lines[0][head.index("repeat")] == f"{rows[0].distances['repeat']:.4f}"
