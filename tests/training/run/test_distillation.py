from pathlib import Path

import pytest
import torch
from torch import nn

from tests.training.small import SMALL, corpora_for
from training.models import build
from training.run.distillation import ensemble, teacher_output, to_luma


class Lopsided(nn.Module):
    """Repeats pixels and makes the left half brighter: an error that depends on the direction."""

    def __init__(self) -> None:
        super().__init__()
        self.amount = nn.Parameter(torch.tensor(0.2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        large = x.repeat_interleave(2, -1).repeat_interleave(2, -2)
        left = torch.arange(large.shape[-1]) < large.shape[-1] // 2
        return large + self.amount * left


@pytest.mark.parametrize("turns", [4, 8])
def test_errors_that_depend_on_the_direction_cancel_out(turns: int) -> None:
    lr = torch.full((3, 6, 6), 100, dtype=torch.uint8)
    taught = ensemble(Lopsided(), lr, turns)
    assert taught.shape == (3, 12, 12)
    assert taught.dtype == torch.float16
    torch.testing.assert_close(taught, torch.full_like(taught, 125.5), atol=0.1, rtol=0)


def test_one_turn_is_the_output_of_the_teacher() -> None:
    taught = ensemble(Lopsided(), torch.full((3, 6, 6), 100, dtype=torch.uint8), 1)
    assert taught[0, 0].tolist() == [151.0] * 6 + [100.0] * 6


def test_output_is_computed_once_for_the_same_teacher(photographs: Path, tmp_path: Path) -> None:
    corpus = corpora_for("espcn", photographs)[2]
    teacher = build("espcn", 2, SMALL["espcn"]).eval()
    first = teacher_output(corpus, teacher, 4, tmp_path)
    assert first.shape == corpus.hr.shape
    (file,) = tmp_path.iterdir()
    torch.save(first * 0, file)
    assert not teacher_output(corpus, teacher, 4, tmp_path).any()
    for parameter in teacher.parameters():
        parameter.data.mul_(1.1)
    teacher_output(corpus, teacher, 4, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_converts_rgb_output_to_luma() -> None:
    gray = torch.tensor([0.0, 100.0, 255.0]).half()
    taught = gray.view(1, 1, 1, 3).expand(2, 3, 2, 3)
    luma = to_luma(taught)
    assert luma.shape == (2, 1, 2, 3)
    assert luma.dtype == torch.float16
    studio = torch.tensor([16.0, 16 + 100 * 219 / 255, 235.0])
    torch.testing.assert_close(luma[1, 0, 1].float(), studio, atol=0.1, rtol=0)
