from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.small import small_recipe
from training.models import BadConfig
from training.recipes import RECIPES
from training.run.places import Places
from training.run.sources import NotReady, find_plan, missing, require_sources

KEPT = Path(__file__).parents[3] / "training" / "checkpoints"


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_can_start_or_says_what_to_run_first(name: str, tmp_path: Path) -> None:
    """In a fresh clone: each recipe of the chain has all that it needs from the ones before."""
    places = Places(tmp_path, tmp_path / "runs", KEPT)
    first = missing(RECIPES[name], places)
    if first:
        commands = " && ".join(f"python -m training train {each}" for each in first)
        with pytest.raises(NotReady, match=rf"{name} needs the weights of .*Run first: {commands}"):
            require_sources(RECIPES[name], places.runs / name, places)
    for each in first:
        assert missing(RECIPES[each], places) == []
        folder = places.runs / each
        folder.mkdir(parents=True)
        (folder / "progress.pt").touch()
    require_sources(RECIPES[name], places.runs / name, places)


def test_a_run_that_has_begun_needs_its_start_no_more(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path / "runs", tmp_path / "kept")
    (places.runs / "edsr_x2_cpu").mkdir(parents=True)
    (places.runs / "edsr_x2_cpu" / "progress.pt").touch()
    require_sources(RECIPES["edsr_x2_cpu"], places.runs / "edsr_x2_cpu", places)


def test_a_start_that_can_be_left_out_is_said_to_be(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path / "runs", KEPT)
    with pytest.raises(NotReady, match=r"python -m training train vdsr_again\. Or start without"):
        require_sources(RECIPES["vdsr_longer"], places.runs / "vdsr_longer", places)
    teachers_too = replace(RECIPES["edsr_x2_more"], init="espcn_x3")
    with pytest.raises(NotReady) as refusal:
        require_sources(teachers_too, places.runs / "edsr_x2_more", places)
    assert "--init none" not in str(refusal.value)


def test_the_plan_of_a_name_is_that_of_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "small", small_recipe("fast"))
    assert find_plan("small", tmp_path, tmp_path) == small_recipe("fast")


@pytest.mark.parametrize(
    ("plan", "teachers", "message"),
    [
        ("fast_x2", ("edsr_x3",), "teachers: edsr_x3 enlarges 3 times; name one that enlarges 2"),
        (
            "vdsr",
            ("edsr_x3", "fast_x3"),
            "teachers: edsr_x3 and fast_x3 are both of x3; name only one",
        ),
        ("fast_x2", ("espcn_x2",), "teachers: espcn_x2 works on luma; name a network for color"),
    ],
)
def test_teachers_that_cannot_teach_a_recipe_are_refused(
    plan: str, teachers: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    recipe = replace(RECIPES[plan], init=None, teachers=teachers)
    with pytest.raises(BadConfig, match=message):
        require_sources(recipe, tmp_path / "runs" / plan, Places(tmp_path, tmp_path / "runs", KEPT))
