from pathlib import Path

import pytest
import torch
from torch import nn

from tests.training.small import SMALL, corpora_for
from training.models import build
from training.teaching import ensemble, with_lessons


class Lopsided(nn.Module):
    """Repeats pixels and makes the left half brighter, by as much as it can be said to know."""

    def __init__(self) -> None:
        super().__init__()
        self.amount = nn.Parameter(torch.tensor(0.2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        large = x.repeat_interleave(2, -1).repeat_interleave(2, -2)
        left = torch.arange(large.shape[-1]) < large.shape[-1] // 2
        return large + self.amount * left


@pytest.mark.parametrize("turns", [4, 8])
def test_what_depends_on_the_direction_cancels_out(turns: int) -> None:
    lr = torch.full((3, 6, 6), 100, dtype=torch.uint8)
    taught = ensemble(Lopsided(), lr, turns)
    assert taught.shape == (3, 12, 12)
    assert taught.dtype == torch.float16
    torch.testing.assert_close(taught, torch.full_like(taught, 125.5), atol=0.1, rtol=0)


def test_one_turn_is_the_teacher_itself() -> None:
    taught = ensemble(Lopsided(), torch.full((3, 6, 6), 100, dtype=torch.uint8), 1)
    assert taught[0, 0].tolist() == [151.0] * 6 + [100.0] * 6


def test_computes_lessons_once_for_the_same_teacher(photographs: Path, tmp_path: Path) -> None:
    corpus = corpora_for("espcn", photographs)[2]
    teacher = build("espcn", 2, SMALL["espcn"]).eval()
    first = with_lessons(corpus, teacher, 4, tmp_path)
    assert first.taught is not None
    assert first.taught.shape == corpus.hr.shape
    (file,) = tmp_path.iterdir()
    torch.save(first.taught * 0, file)
    again = with_lessons(corpus, teacher, 4, tmp_path)
    assert again.taught is not None
    assert not again.taught.any()
    for parameter in teacher.parameters():
        parameter.data.mul_(1.1)
    with_lessons(corpus, teacher, 4, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
