from training.recipes.recipe import Recipe, Stage, at_each_scale, stage_at

STAGES = (Stage(0.25, 8, 24, {"l1": 1}), Stage(1.0, 4, 36, {"mse": 1}))


def test_each_scale_has_the_others_as_further_ones_and_equal_hr_patches() -> None:
    recipe = Recipe("vdsr", 2, 100, 1e-3, STAGES, scales=(3, 4))
    seen = [
        (each.scale, each.scales, [stage.patch for stage in each.stages])
        for each in at_each_scale(recipe)
    ]
    assert seen == [(2, (3, 4), [24, 36]), (3, (2, 4), [16, 24]), (4, (2, 3), [12, 18])]


def test_a_recipe_of_one_scale_stays_the_same() -> None:
    recipe = Recipe("espcn", 3, 100, 1e-3, STAGES)
    assert [*at_each_scale(recipe)] == [recipe]


def test_stages_end_at_their_fractions() -> None:
    recipe = Recipe("espcn", 3, 100, 1e-3, STAGES)
    assert [stage_at(recipe, iteration).batch for iteration in (0, 24, 25, 99)] == [8, 8, 4, 4]
