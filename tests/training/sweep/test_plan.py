"""Sweep files: what they can say, and what is refused."""

from pathlib import Path

import pytest

from training.models import BadConfig
from training.recipes import RECIPES
from training.recipes.fields import value_at, with_values
from training.sweep.plan import Pruning, Sweep, read_sweep
from training.sweep.space import Choices, Range, grid

ROOT = Path(__file__).parents[3]
HEAD = 'recipe = "refiner_x4"\ntrials = 3\n'


def read(folder: Path, text: str) -> Sweep:
    path = folder / "mine.toml"
    path.write_text(text)
    return read_sweep(path)


def test_reads_choices_and_ranges_of_any_field(tmp_path: Path) -> None:
    sweep = read(
        tmp_path,
        'goal = "ssim"\ntrials = 9\nseed = 4\n'
        '[recipe]\nrecipe = "refiner_x4"\niterations = 10\n'
        '[space]\nmodel = ["refiner", "resnet"]\nmodel_options.blocks = { low = 2, high = 8 }\n'
        "lr = { low = 1e-4, high = 1e-3, log = true }\n"
        '"stages.loss.ssim" = { low = 0, high = 1 }\n'
        "[pruning]\nstartup = 2\n",
    )
    assert sweep.base.iterations == 10
    assert sweep.space == {
        "model": Choices(("refiner", "resnet")),
        "model_options.blocks": Range(2, 8),
        "lr": Range(1e-4, 1e-3, log=True),
        "stages.loss.ssim": Range(0.0, 1.0),
    }
    blocks, weight = (sweep.space[name] for name in ("model_options.blocks", "stages.loss.ssim"))
    assert isinstance(blocks, Range)
    assert blocks.is_whole
    assert isinstance(weight, Range)
    assert not weight.is_whole  # although both of its ends are written so
    assert (sweep.goal, sweep.trials, sweep.seed, sweep.pruning) == ("ssim", 9, 4, Pruning(2, 0))


def test_a_grid_has_every_combination(tmp_path: Path) -> None:
    sweep = read(
        tmp_path,
        'recipe = "refiner_x4"\nsampler = "grid"\n'
        "[space.model_options]\nblocks = [2, 4]\nchannels = [8, 16, 32]\n",
    )
    assert sweep.trials == len(grid(sweep.space)) == 6
    assert grid(sweep.space)[1] == {"model_options.blocks": 2, "model_options.channels": 16}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[space]\nlearning = [1]", "a recipe has no field learning"),
        ("[space]\nmodel_optoins.blocks = [1]", "did you mean model_options"),
        ("[space]\nmodel_options.block = [1]", "did you mean blocks?"),
        ("[space]\nstages.bach = [1]", "did you mean batch"),
        ("[space]\nstages.loss.sim = [1.0]", "ssim"),
        ('[space]\nlr = [1e-3, "fast"]', "space, with lr = fast: lr = 'fast': must be a number"),
        ("[space]\nlr = { low = 1.0, high = 0.1 }", "low = 1 must be less than high = 0.1"),
        ("[space]\nlr = { low = 0.0, high = 0.1, log = true }", "more than 0 because of log"),
        ("[space]\nlr = { low = 0.1, high = 1.0, logs = true }", "did you mean log"),
        ("[space]\nlr = { low = 0.1 }", "needs numbers for low and high"),
        ("[space]\nlr = { low = -1.0, high = 1.0 }", "lr = -1: must be more than 0"),
        ("[space]\nlr = 1e-3", "write a list of choices, or a range"),
        ("[space]\nlr = []", "the list of choices is empty"),
        ("[space]", "space: name a field and its values"),
        ("", "space is missing"),
        ('gaol = "psnr"\n[space]\nlr = [1e-3]', "did you mean goal"),
        ('goal = "snr"\n[space]\nlr = [1e-3]', "did you mean psnr"),
        ('goal = "validation_loss"\n[space]\nstages.loss.ssim = [0.1]', "do not compare"),
        ('sampler = "grid"\n[space]\nlr = [1e-3]', "remove this line"),
        ("[space]\nlr = [1e-3]\n[pruning]\nstartup = 0", "startup = 0: must be a whole number"),
        ("[space]\nlr = [1e-3]\n[pruning]\nrule = 1", "pruning has no field rule"),
    ],
)
def test_refuses_what_is_wrong_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as caught:
        read(tmp_path, HEAD + text)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'mine.toml'}: ")
    assert "\n" not in str(caught.value)


def test_a_grid_refuses_a_range_and_a_base_must_exist(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="a grid takes choices only"):
        read(
            tmp_path,
            'recipe = "refiner_x4"\nsampler = "grid"\n[space]\nlr = { low = 0.1, high = 1.0 }',
        )
    with pytest.raises(BadConfig, match="no recipe is called refiner_x5: near names are refiner"):
        read(tmp_path, 'recipe = "refiner_x5"\n[space]\nlr = [0.1]')
    with pytest.raises(BadConfig, match="cannot be read: No such file"):
        read_sweep(tmp_path / "none.toml")


@pytest.mark.parametrize("path", sorted((ROOT / "training" / "sweeps").glob("*.toml")), ids=str)
def test_the_sweeps_of_this_package_can_run(path: Path) -> None:
    assert read_sweep(path).trials > 1


def test_a_field_of_all_stages_is_read_from_the_first() -> None:
    recipe = with_values(RECIPES["refiner_x4"], {"stages.batch": 3, "model_options.blocks": 5})
    assert {stage.batch for stage in recipe.stages} == {3}
    found = [value_at(recipe, name) for name in ("stages.batch", "model_options.blocks", "data.x")]
    assert found == [3, 5, None]
