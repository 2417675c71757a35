import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.small import setting, small_recipe
from training.data.corpus import Corpus
from training.data.pictures import read_rgb, to_color
from training.data.sources import Data, Source
from training.models import BadConfig, build
from training.models.smfanet import SMFANet
from training.recipes import RECIPES
from training.recipes.recipe import Stage, differences, settled_as
from training.release.training_section import training_section
from training.run import checkpoint
from training.run.corpora import corpora_of
from training.run.places import Places
from training.run.record import Pictures, find_record
from training.run.run_data import run_data
from training.run.start import carry_out
from training.run.trainer import Run


def test_quantized_runs_start_with_equalized_channels(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small_recipe("fast", iterations=4)
    monkeypatch.setitem(RECIPES, "source", source)
    torch.manual_seed(0)
    net = build(source.model, source.scale, source.model_options)
    with torch.no_grad():
        net.get_parameter("body.0.layers.0.weight")[0] *= 1000
    places = Places(data, tmp_path, tmp_path / "kept")
    places.kept.mkdir()
    torch.save(net.state_dict(), places.kept / "source.pt")
    reach = {}
    for name, rounded, equalized in (
        ("plain", False, True),
        ("kept", True, False),
        ("rounded", True, True),
    ):
        recipe = replace(source, iterations=0, init="source", quantized=rounded)
        recipe = replace(recipe, equalized=equalized)
        carry_out(recipe, setting(tmp_path / name, data / "valid"), places)
        weights = checkpoint.load_weights(name, tmp_path, places.kept)
        filters = weights["body.0.layers.0.weight"].abs().amax((1, 2, 3))
        reach[name] = (filters.max() / filters.median()).item()
        (row,) = (tmp_path / name / "metrics.csv").read_text().splitlines()[1:]
        assert row.startswith("0,nan,")
    assert reach["plain"] == reach["kept"] > 500
    assert reach["rounded"] < 100


def test_a_luma_network_learns_from_an_rgb_teacher(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small_recipe("fast", iterations=4)
    monkeypatch.setitem(RECIPES, "source", source)
    places = Places(data, tmp_path, tmp_path / "kept")
    places.kept.mkdir()
    net = build(source.model, source.scale, source.model_options)
    torch.save(net.state_dict(), places.kept / "source.pt")
    losses = {}
    for name, teachers in (("alone", ()), ("taught", ("source",))):
        recipe = replace(small_recipe("vdsr", iterations=4), scales=(3,), teachers=teachers)
        carry_out(recipe, setting(tmp_path / name, data / "valid"), places)
        (row,) = (tmp_path / name / "metrics.csv").read_text().splitlines()[1:]
        losses[name] = float(row.split(",")[1])
    (lessons,) = (tmp_path / "lessons").iterdir()
    assert torch.load(lessons, weights_only=True).shape[1] == 3
    assert losses["taught"] > losses["alone"]  # a second target is added


def _lessons(config: str, scale: int, data: Path, folder: Path) -> tuple[SMFANet, Corpus]:
    """A teacher from outside, of ``scale``, and the corpus of a recipe that learns from it."""
    recipe = replace(small_recipe(config, 4), lessons_file="teacher.pth")
    teacher = SMFANet(scale, 8, 1).eval()
    torch.save({"params": teacher.state_dict()}, folder / "teacher.pth")
    place = replace(setting(folder / "it", data / "valid"), teachers=folder)
    places = Places(data, folder, folder / "kept")
    return teacher, corpora_of(Run(recipe, place), places, run_data(recipe, data))[recipe.scale]


def test_learns_from_the_lessons_of_a_teacher_from_outside(data: Path, tmp_path: Path) -> None:
    teacher, corpus = _lessons("fast", 2, data, tmp_path)
    assert corpus.taught is not None
    with torch.inference_mode():
        expected = teacher(corpus.lr[:1].float() / 255).clamp(0, 1) * 255
    torch.testing.assert_close(corpus.taught[:1].float(), expected, atol=0.1, rtol=0)


def test_a_luma_network_learns_from_the_luma_of_a_teacher_from_outside(
    data: Path, tmp_path: Path
) -> None:
    _, corpus = _lessons("espcn", 2, data, tmp_path)
    assert corpus.taught is not None
    assert corpus.taught.shape == corpus.hr.shape == (1, 1, 256, 256)


def test_lessons_of_another_scale_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"teacher\.pth enlarges 3 times, and the recipe 2 times"):
        _lessons("fast", 3, data, tmp_path)


def test_resumes_from_the_state_that_git_keeps(data: Path, tmp_path: Path) -> None:
    """The weights are those of an uninterrupted run, except for the rounding of the kept state."""
    recipe = replace(
        small_recipe("fast", 8), optimizer="muon", stages=(Stage(1, 2, 12, {"l1": 1}),)
    )
    whole, begun = Places(data, tmp_path / "whole", tmp_path / "kept"), tmp_path / "begun"
    kept = whole.kept
    carry_out(recipe, setting(whole.runs / "it", data / "valid", every=4), whole)
    run = Run(recipe, setting(begun / "it", data / "valid", every=4))
    corpora = corpora_of(run, whole, run_data(recipe, data))
    for _ in range(4):
        run.step(corpora)
    run.save()
    shutil.copyfile(whole.runs / "it" / "metrics.csv", begun / "it" / "metrics.csv")
    checkpoint.keep("it", begun, kept)
    checkpoint.keep_state("it", begun, kept)
    assert not [*(kept / "it").glob("ema.*")]
    there = Places(data, tmp_path / "there", kept)
    carry_out(recipe, setting(there.runs / "it", data / "valid", every=4), there)
    rows = (there.runs / "it" / "metrics.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["iteration", "4", "8"]
    start, end, again = (
        checkpoint.load_weights("it", runs, kept) for runs in (begun, whole.runs, there.runs)
    )
    moved = sum((end[key] - start[key]).abs().sum() for key in end)
    off = sum((end[key] - again[key]).abs().sum() for key in end)
    assert 0 < off < 0.1 * moved


def test_epochs_set_the_length_and_the_interval_of_checkpoints(data: Path, tmp_path: Path) -> None:
    """One tile, two patches at a time: an epoch is one iteration."""
    recipe = replace(small_recipe("espcn", 100), epochs=3)
    places = Places(data, tmp_path, tmp_path / "kept")
    carry_out(recipe, setting(tmp_path / "it", data / "valid", every=0), places)
    rows = (tmp_path / "it" / "metrics.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["iteration", "1", "2", "3"]
    record = find_record("it", places.runs, places.kept)
    assert record is not None
    assert (record.iterations, record.recipe.iterations) == (3, 3)
    assert record.pictures == Pictures({"train-tight": 1}, 256**2 / 1e6, tiles=1)
    assert record.ended == "Trained for all 3 iterations."
    (tmp_path / "it" / "sheet.jpg").write_bytes(b"of the first time")
    carry_out(recipe, setting(tmp_path / "it", data / "valid", every=0), places)
    assert (tmp_path / "it" / "sheet.jpg").read_bytes() == b"of the first time"
    assert find_record("it", places.runs, places.kept) == record


def test_a_run_that_resumes_on_other_pictures_says_so(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = Places(data, tmp_path, tmp_path / "kept")
    recipe, run = small_recipe("espcn", 2), setting(tmp_path / "it", data / "valid")
    for _ in range(2):
        carry_out(recipe, run, places)
    assert "note" not in capsys.readouterr().out
    other = replace(recipe, data=Data((Source("valid"),), (Source("valid"),)))
    carry_out(other, run, places)
    said = capsys.readouterr().out
    assert "until now: 1 picture, 0.0655 megapixels (1 in train-tight); these are" in said


def test_a_run_computes_the_mean_of_its_pictures_and_the_network_keeps_it(
    data: Path, tmp_path: Path
) -> None:
    options = {"features": 4, "mapping": 4, "start": "normal"}
    plan = replace(small_recipe("srcnn", 2), model_options=options, normalized=True)
    place = setting(tmp_path / "it", data / "valid")
    carry_out(plan, place, Places(data, tmp_path, tmp_path / "kept"))
    record = find_record("it", tmp_path, tmp_path)
    assert record is not None
    (path,) = (data / "train-tight").iterdir()
    luma = to_color(read_rgb(path), "y") / 255
    mean, deviation = (record.recipe.model_options[name] for name in ("mean", "deviation"))
    assert (mean, deviation) == pytest.approx((luma.mean(), luma.std()), abs=1e-4)
    assert differences(settled_as(record.recipe, plan), plan) == {}
    assert f"the mean {mean:g} and the deviation" in training_section(record.recipe)


def test_starts_from_a_file_of_weights(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, places = small_recipe("espcn", 2), Places(data, tmp_path, tmp_path / "kept")
    weights = build(recipe.model, 3, recipe.model_options).state_dict()
    torch.save({"params": weights}, tmp_path / "theirs.pth")
    begun = replace(recipe, init=str(tmp_path / "theirs.pth"), lr=1e-12, final_lr=1e-12)
    carry_out(begun, setting(tmp_path / "it", data / "valid"), places)
    found = checkpoint.load_weights("it", places.runs, places.kept)
    torch.testing.assert_close(found["body.1.weight"], weights["body.1.weight"])
    assert "except tail.bias, tail.weight, whose shapes differ" in capsys.readouterr().out


def test_a_missing_state_is_an_error_that_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="python -m training train none"):
        checkpoint.keep_state("none", tmp_path, tmp_path / "kept")
    assert checkpoint.load_kept("none", tmp_path / "kept", torch.device("cpu")) is None
