from dataclasses import replace

from training.models import build
from training.recipes import RECIPES
from training.release.contract import DATA, OUTSIDE_TEACHERS, PARTNERS, SHIPPED, draft_spec
from training.run.record import Pictures


def test_names_the_photographs_and_the_teacher_that_a_network_learned_from() -> None:
    photo = RECIPES["photo_x4"]
    assert draft_spec(RECIPES["balanced_x4"]).data == DATA
    alone = draft_spec(replace(photo, teacher_file="")).data
    assert alone.startswith(DATA)
    assert "333 open-licence photographs" in alone
    data = draft_spec(photo).data
    assert data.startswith(alone)
    for fact in ("realesr-general-wdn-x4v3", "BSD-3-Clause", "Xintao Wang", "NOTICE"):
        assert fact in data
    assert draft_spec(RECIPES["photo_x4_int8"]).data == data  # it is only rounded


def test_a_network_has_the_name_of_its_recipes_model() -> None:
    spec = draft_spec(RECIPES["photo_x4"])
    assert (spec.name, spec.arch, spec.scale, spec.color) == ("photo", "photo", 4, "rgb")


def test_counts_the_pictures_of_a_run_that_had_others() -> None:
    mine = draft_spec(RECIPES["espcn_x2"], "mine", Pictures({"cats": 12, "dogs": 1}, 0.8519))
    assert mine.name == "mine"
    assert mine.data == (
        "13 pictures, 0.852 megapixels (12 in cats, 1 in dogs). "
        "It started from the weights of espcn_x3"
    )
    assert mine.licence.startswith("not stated")
    ours = draft_spec(RECIPES["espcn_x2"], "", Pictures(SHIPPED, 79.2))
    assert ours == draft_spec(RECIPES["espcn_x2"])


def test_photo_names_its_partner_and_locks_colors() -> None:
    spec = draft_spec(RECIPES["photo_x4"])
    assert (spec.partner, spec.color_lock) == ("balanced", True)
    other = draft_spec(RECIPES["balanced_x4"])
    assert (other.partner, other.color_lock) == ("", False)


def test_a_partner_has_the_same_structure() -> None:
    for name, partner in PARTNERS.items():
        own, other = (build(each, 4, {}).state_dict() for each in (name, partner))
        assert {key: value.shape for key, value in own.items()} == {
            key: value.shape for key, value in other.items()
        }


def test_the_contract_names_the_teacher_of_each_recipe() -> None:
    for recipe in RECIPES.values():
        if file := recipe.teacher_file or recipe.lessons_file:
            assert OUTSIDE_TEACHERS[file] in draft_spec(recipe).data
