from dataclasses import replace
from pathlib import Path

import pytest

from training.data.sources import Data, Source
from training.models import BadConfig
from training.recipes import RECIPES
from training.recipes.fields import as_table, from_table
from training.recipes.files import known_recipe, read_recipe
from training.recipes.recipe import Recipe, Stage

WHOLE = """
model = "espcn"
scale = 2
iterations = 100
lr = 1e-3
[model_options]
channels = 8
[[stages]]
until = 1
batch = 2
patch = 12
loss = { l1 = 1, fft = 0.05 }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_reads_a_whole_recipe(tmp_path: Path) -> None:
    stages = (Stage(1.0, 2, 12, {"l1": 1.0, "fft": 0.05}),)
    expected = Recipe("espcn", 2, 100, 1e-3, stages, {"channels": 8})
    assert read_recipe(written(tmp_path, WHOLE)) == expected


def test_reads_the_pictures_of_a_recipe(tmp_path: Path) -> None:
    pairs = 'train = [{ hr = "high", lr = "low" }, { hr = "more" }]'
    data = f"[data]\n{pairs}\nsplit = [20, 4]\n"
    recipe = read_recipe(written(tmp_path, f'recipe = "first_x2"\n{data}'))
    sources = (Source("high", lr="low"), Source("more"))
    assert recipe == replace(RECIPES["first_x2"], data=Data(sources, split=(20.0, 4.0)))
    assert from_table(as_table(recipe)) == recipe
    with pytest.raises(BadConfig, match=r"data has no field splits: did you mean split\?"):
        read_recipe(written(tmp_path, 'recipe = "first_x2"\ndata.splits = [1, 1]\n'))


def test_begins_with_another_recipe(tmp_path: Path) -> None:
    path = written(tmp_path, 'recipe = "espcn_x3"\nlr = 5e-4\n')
    assert read_recipe(path) == replace(RECIPES["espcn_x3"], lr=5e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr = ", "mine.toml: is not valid TOML: "),
        ('recipe = "espcn_x5"', "mine.toml: no recipe is called espcn_x5: near names are espcn_x"),
        ("scale = 2\n", "mine.toml: model is missing"),
        (WHOLE.replace("patch", "patches"), "stages.0 has no field patches: did you mean patch?"),
        (WHOLE.replace("12", '"12"'), "stages.0.patch = '12': must be a whole number"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadConfig) as refusal:
        read_recipe(written(tmp_path, text))
    assert message in str(refusal.value)
    assert "mine.toml" in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"none\.toml: cannot be read: No such file"):
        read_recipe(tmp_path / "none.toml")


def test_a_mistyped_recipe_gets_few_names() -> None:
    with pytest.raises(
        BadConfig, match="near names are edsr_x2, edsr_x3, edsr_x2_led; to list all"
    ):
        known_recipe("edsrx2")
