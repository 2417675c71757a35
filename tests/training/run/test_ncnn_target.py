"""Runs whose target is the output of an ncnn network."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from tests.importing.ncnn.files import plain_stack, write_network
from tests.training.small import corpora_for, setting, small_recipe
from training.data.sharpen import sharpened
from training.recipes.recipe import Stage
from training.run import batches
from training.run.setting import Setting
from training.run.trainer import Run


def _taught(photographs: Path, folder: Path, original: dict[str, float]) -> Run:
    """A run of ``fast`` x2 whose teacher repeats pixels and adds nothing else but a bias."""
    stack = plain_stack(4, 2)
    write_network(folder, stack.lines, "teacher")
    stages = (Stage(1.0, 2, 12, {"l1": 1}),)
    recipe = replace(small_recipe("fast", 6), stages=stages, teacher_file="teacher.param")
    place = setting(folder / "run", photographs)
    there = Setting(place.folder, place.device, place.amp, place.monitor, teachers=folder)
    return Run(replace(recipe, original=original, degradation="photo"), there)


def test_learns_from_what_the_teacher_makes_of_each_batch(
    photographs: Path, tmp_path: Path
) -> None:
    run = _taught(photographs, tmp_path, {})
    corpora = corpora_for("fast", photographs)
    loss = run.step(corpora).item()
    again = _taught(photographs, tmp_path, {})
    batch, sr = again._run_batch(corpora, again.recipe.stages[0])
    assert again.teacher is not None
    assert batch.taught is not None
    assert batch.taught.min() >= 0
    assert batch.taught.max() <= 1
    assert loss == pytest.approx(F.l1_loss(sr, batch.taught).item())


def test_the_original_counts_beside_the_teacher(photographs: Path, tmp_path: Path) -> None:
    corpora = corpora_for("fast", photographs)
    run = _taught(photographs, tmp_path, {"mse": 2})
    batch, sr = run._run_batch(corpora, run.recipe.stages[0])
    assert batch.taught is not None
    expected = F.l1_loss(sr, batch.taught) + 2 * F.mse_loss(sr, batch.hr)
    assert run._loss(run.recipe.stages[0], batch, sr).item() == pytest.approx(expected.item())


def test_clean_patches_keep_bicubic_lr_and_learn_from_the_original(
    photographs: Path, tmp_path: Path
) -> None:
    run = _taught(photographs, tmp_path, {})
    corpora = corpora_for("fast", photographs)
    stage = replace(run.recipe.stages[0], batch=3, clean=2)
    batch, _ = run._run_batch(corpora, stage)
    assert batch.taught is not None
    assert torch.equal(batch.taught[:2], batch.hr[:2])
    assert (batch.taught[2] - batch.hr[2]).abs().max() > 0.02
    lr = batches.degraded(run.recipe, batch, 2, 2, run.generator)
    assert torch.equal(lr[:2], batch.lr[:2])
    assert (lr[2] - batch.lr[2]).abs().max() > 0.02


def test_the_teacher_of_a_denoised_run_sees_the_same_patches_without_noise(
    photographs: Path, tmp_path: Path
) -> None:
    run = _taught(photographs, tmp_path, {})
    corpora, stage = corpora_for("fast", photographs), replace(run.recipe.stages[0], batch=8)
    plain = replace(run.recipe, degradation="raw")
    state = run.generator.get_state()
    noisy = batches.draw(plain, stage, corpora, run.generator, run.setting.team)
    run.generator.set_state(state)
    quiet = batches.draw(
        replace(plain, denoised=True), stage, corpora, run.generator, run.setting.team
    )
    assert torch.equal(noisy.shown, noisy.lr)
    assert torch.equal(quiet.lr, noisy.lr)
    assert quiet.shown.diff(dim=-1).abs().mean() < 0.9 * quiet.lr.diff(dim=-1).abs().mean()


def test_a_teacher_of_a_larger_scale_is_reduced_to_that_of_the_run() -> None:
    lr = torch.rand(3, 3, 8, 6)
    hr = torch.rand(3, 3, 16, 12)
    taught = batches.taught(torch.nn.Upsample(scale_factor=4), lr, hr, clean=1)
    assert torch.equal(taught[:1], hr[:1])
    expected = F.interpolate(lr[1:], scale_factor=4.0)
    expected = F.interpolate(expected, (16, 12), mode="bicubic", antialias=True)
    assert torch.allclose(taught[1:], expected.clamp(0, 1))


def test_the_output_of_the_teacher_is_sharpened_and_the_original_is_not() -> None:
    lr, hr = torch.rand(2, 3, 16, 16), torch.rand(2, 3, 64, 64)
    teacher = torch.nn.Upsample(scale_factor=4)
    plain = batches.taught(teacher, lr, hr, clean=1)
    sharp = batches.taught(teacher, lr, hr, clean=1, amount=0.5)
    assert torch.equal(sharp[0], plain[0])
    torch.testing.assert_close(sharp[1:], sharpened(plain[1:], 0.5, 1.6))
    assert sharp[1].std() > plain[1].std()
