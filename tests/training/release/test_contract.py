from training.recipes import RECIPES
from training.release.contract import draft_spec


def test_photo_has_its_own_name_a_partner_and_locked_colors() -> None:
    spec = draft_spec(RECIPES["photo_x4"])
    assert (spec.name, spec.arch) == ("photo", "balanced")
    assert (spec.partner, spec.color_lock) == ("balanced", True)


def test_other_networks_are_named_after_their_structure() -> None:
    spec = draft_spec(RECIPES["edsr_x4"])
    assert (spec.name, spec.partner, spec.color_lock) == ("edsr", "", False)
