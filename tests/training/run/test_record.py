from dataclasses import replace
from pathlib import Path

import pytest

from sr_batch.core.geometry import Size
from tests.training.small import small_recipe
from training.data.pictures import Picture
from training.data.tiles import COVERING
from training.models import BadConfig
from training.run.record import Leg, Pictures, advance, begin_leg, find_record, pictures_of
from training.run.run_data import RunData

PICTURES = Pictures({"cats": 2}, 0.5)


def test_remembers_every_start_and_how_far_it_came(tmp_path: Path) -> None:
    first, second = small_recipe("espcn", 20), small_recipe("espcn", 30)
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    begin_leg(folder, Leg(0, "abc", first), Pictures({}, 0))
    advance(folder, 10, 10)
    begin_leg(folder, Leg(10, "def", second), PICTURES)
    advance(folder, 15, 10, "stopped")
    found = find_record("mine", tmp_path / "runs", tmp_path)
    assert found is not None
    assert found.legs == (Leg(0, "abc", first), Leg(10, "def", second))
    assert found.recipe == second
    assert (found.iterations, found.kept, found.ended) == (15, 10, "stopped")
    assert found.pictures == PICTURES


def test_a_start_that_reached_no_checkpoint_is_forgotten(tmp_path: Path) -> None:
    recipe = small_recipe("espcn")
    for rate in (1.0, 2.0):
        begin_leg(tmp_path, Leg(0, "abc", replace(recipe, lr=rate)), PICTURES)
    found = find_record(tmp_path.name, tmp_path.parent, tmp_path)
    assert found is not None
    assert [leg.recipe.lr for leg in found.legs] == [2.0]


def test_advancing_without_a_record_does_nothing(tmp_path: Path) -> None:
    advance(tmp_path, 5, 5)
    assert find_record(tmp_path.name, tmp_path.parent, tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"legs": [{"begin": 0}]}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(BadConfig, match=r"run\.json: is no valid record of a run"):
        find_record(tmp_path.name, tmp_path.parent, tmp_path)


def test_counts_pictures_by_folder(tmp_path: Path) -> None:
    size = Size(500, 200)
    train = tuple(Picture(tmp_path / folder / "a.png", size) for folder in ("x", "y"))
    assert pictures_of(RunData(train, COVERING), 2) == Pictures({"x": 1, "y": 1}, 0.2, tiles=4)
