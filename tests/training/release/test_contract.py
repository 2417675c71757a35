from dataclasses import replace

from sr_batch.core.model_spec import from_metadata, to_metadata
from training.recipes import RECIPES
from training.release.contract import DATA, draft_spec


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


def test_a_network_has_the_name_of_its_recipes_model() -> None:
    spec = draft_spec(RECIPES["photo_x4"])
    assert (spec.name, spec.arch, spec.scale, spec.color) == ("photo", "photo", 4, "rgb")


def test_the_partner_of_a_network_survives_its_file() -> None:
    for name, partner in (("photo_x4_first", "balanced"), ("balanced_x4", "")):
        spec = draft_spec(RECIPES[name])
        assert spec.partner == from_metadata(to_metadata(spec)).partner == partner
