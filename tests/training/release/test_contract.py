from dataclasses import replace

from training.models import build
from training.recipes import RECIPES
from training.release.contract import (
    DATA,
    OUTSIDE_TEACHERS,
    PARTNERS,
    SHIPPED,
    UNKNOWN_LICENCE,
    draft_spec,
)
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


def test_every_teacher_from_outside_is_known() -> None:
    for recipe in RECIPES.values():
        if file := recipe.teacher_file or recipe.lessons_file:
            assert OUTSIDE_TEACHERS[file] in draft_spec(recipe).data


def test_credits_the_teacher_of_the_weights_that_a_network_started_from() -> None:
    untaught = replace(RECIPES["balanced_x4"], init="balanced_x4_led")
    assert "SMFANet+ x4" in draft_spec(untaught).data
    assert draft_spec(untaught).data.count("SMFANet+ x4") == 1
    taught_again = replace(RECIPES["balanced_x4_led"], init="balanced_x4_led")
    assert draft_spec(taught_again).data.count("SMFANet+ x4") == 1


def test_states_no_licence_for_weights_of_unknown_origin() -> None:
    foreign = replace(RECIPES["balanced_x4"], init="/home/ann/theirs.pth")
    for spec in (draft_spec(foreign), draft_spec(foreign, "", Pictures(SHIPPED, 79.2))):
        assert spec.licence == UNKNOWN_LICENCE
        assert spec.data == f"{DATA}. It started from the weights of theirs.pth"


def test_states_no_licence_for_a_teacher_of_unknown_origin() -> None:
    spec = draft_spec(replace(RECIPES["photo_x4"], teacher_file="mine.param"))
    assert spec.licence == UNKNOWN_LICENCE
    assert spec.data.endswith("Outputs of mine, whose licence and training data are not known here")
