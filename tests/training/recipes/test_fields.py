import json
from dataclasses import replace

import pytest

from tests.training.small import small_recipe
from training.models import BadConfig
from training.recipes import RECIPES
from training.recipes.fields import as_table, from_table, with_settings


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_survives_as_json(name: str) -> None:
    assert from_table(json.loads(json.dumps(as_table(RECIPES[name])))) == RECIPES[name]


def test_settings_reach_every_level() -> None:
    recipe = small_recipe("espcn")
    changed = with_settings(
        recipe,
        [
            "lr=1e-4",
            "clip=2",
            "schedule=step",
            "early_stop=3",
            "betas=[0.9, 0.999]",
            "model_options.layers=2",
            "stages.batch=5",
            "stages.1.loss={ l1 = 1.0, fft = 0.1 }",
        ],
    )
    assert (changed.lr, changed.clip, changed.schedule) == (1e-4, 2.0, "step")
    assert (changed.early_stop, changed.betas) == (3, (0.9, 0.999))
    assert changed.model_options == {"channels": 16, "layers": 2}
    assert [stage.batch for stage in changed.stages] == [5, 5, 5]
    assert changed.stages[1].loss == {"l1": 1.0, "fft": 0.1}
    assert with_settings(changed, ["early_stop=none"]).early_stop is None
    assert replace(changed, stages=recipe.stages).stages[0].batch == 2


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("lr", "--set lr: write it as FIELD=VALUE"),
        ("learn_rate=1", "a recipe has no field learn_rate. The fields are best_on, betas"),
        ("warmups=1", "did you mean warmup?"),
        ("batch=4", "batch is a field of a stage: write stages.batch"),
        ("stages.0.bach=4", "stages.0 has no field bach: did you mean batch?"),
        ("stages.7.batch=4", "there are only 3; the first is number 0"),
        ("lr.x=4", "the part before .x has no fields"),
        ("lr=high", "lr = 'high': must be a number"),
        ("iterations=1.5", "iterations = 1.5: must be a whole number"),
        ("quantized=1", "quantized = 1: must be true or false"),
        ("optimizer=adan", "optimizer = 'adan': did you mean adam?"),
        ("teachers=edsr_x3", "teachers = 'edsr_x3': must be a list"),
        ("betas=[0.9]", "must be a list of 2"),
        ("stages.0.loss=l1", "must be a table, such as { l1 = 1.0 }"),
        ("model=espn", "no network is called espn: did you mean espcn?"),
        ("scale=7", "espcn has no x7: its scales are x2, x3, x4"),
        ("model_options.width=3", "espcn has no option width. Its options are"),
        ("model_options.color=rgb", "espcn has no option color. Its options are channels, layers"),
        ("model_options.channels=many", "model_options.channels = 'many': must be a whole number"),
        ("lr=0", "lr = 0: must be more than 0"),
        ("iterations=0", "iterations = 0: only a recipe that starts from trained weights can"),
        ("lr=nan", "lr = nan: must be more than 0"),
        ("ema=1", "ema = 1: must be at least 0 and less than 1"),
        ("stages.0.batch=0", "stages.0.batch = 0: must be at least 1"),
        ("stages.1.until=0.1", "`until` must rise to 1.0 in the last stage"),
        ("stages.0.clean=2", "stages.0.clean = 2: must be less than the batch"),
        ("stages.0.border=12", "stages.0.border = 12: leaves nothing of a patch"),
        ("stages.0.loss={ fff = 1.0 }", "no loss is called fff: did you mean fft?"),
        ("discriminator=0", "discriminator = 0: must be at least 1"),
        ("epochs=-1", "epochs = -1: must be at least 0"),
        ("stages=[]", "`until` must rise to 1.0"),
        ("model_options.channels=0", "model_options.channels = 0: must be at least 1"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_the_field(setting: str, message: str) -> None:
    with pytest.raises(BadConfig) as refusal:
        with_settings(small_recipe("espcn"), [setting])
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


TAUGHT = ("teachers=['a']", "lessons_file=a.pth", "teacher_file=a.param")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (TAUGHT[:2], "teachers: cannot be together with `lessons_file`; leave one of them empty"),
        (TAUGHT[1:], "lessons_file: cannot be together with `teacher_file`"),
        (TAUGHT[::2], "teachers: cannot be together with `teacher_file`"),
        (("sharpened=0.3",), "sharpened: needs `teacher_file`, to whose output it belongs"),
        (("denoised=true",), "denoised: needs `teacher_file`, to whose output it belongs"),
        (
            (TAUGHT[2], "denoised=true", "degradation=photo"),
            "denoised: the degradation `photo` has no noise that was never a JPEG",
        ),
        (("original={ l1 = 1.0 }",), "original: needs `teacher_file`, to whose output it belongs"),
        (("reduced_tail=true",), "reduced_tail: needs `init`, whose weights it changes"),
        (("widened=true",), "widened: needs `init`, whose weights it changes"),
        (
            ("init=a", "reduced_tail=true", "widened=true"),
            "widened: cannot be together with `reduced_tail`",
        ),
    ],
)
def test_fields_that_would_be_ignored_are_refused(settings: tuple[str, ...], message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        with_settings(small_recipe("fast"), settings)
