import pytest
import torch
from torch import nn
from torch.optim import Adam

from training.optim.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 32, 288), (2, 288, 32)])
def test_orthogonal_equalizes_singular_values(shape: tuple[int, int, int]) -> None:
    generator = torch.Generator().manual_seed(1)
    matrices = torch.randn(shape, generator=generator)
    u, values, v = torch.linalg.svd(matrices, full_matrices=False)
    uneven = u @ torch.diag_embed(torch.linspace(0.05, 1, values.shape[1]).expand_as(values)) @ v
    even = orthogonal(uneven)
    found = torch.linalg.svdvals(even)
    assert found.min() > 0.6
    assert found.max() < 1.3
    # The directions stay: what was diagonal between them still is.
    between = u.mT @ even @ v.mT
    assert (between - torch.diag_embed(between.diagonal(dim1=1, dim2=2))).abs().max() < 1e-3


def test_no_gradient_is_no_step() -> None:
    assert torch.equal(orthogonal(torch.zeros(1, 4, 8)), torch.zeros(1, 4, 8))


def test_outer_parameters_are_updated_as_by_adam() -> None:
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    pairs = (
        (ours, Muon([{"params": list(ours.parameters())}], lr=0.01)),
        (theirs, Adam(theirs.parameters(), lr=0.01, betas=(0.9, 0.99))),
    )
    x = torch.randn(8, 5, generator=torch.Generator().manual_seed(1))
    for _ in range(20):
        for net, optimizer in pairs:
            optimizer.zero_grad()
            (net(x) - 1).square().mean().backward()
            optimizer.step()
    torch.testing.assert_close(ours.state_dict(), dict(theirs.state_dict()))


def test_an_inner_step_has_the_size_of_an_adam_step() -> None:
    weight = nn.Parameter(torch.zeros(32, 32, 3, 3))
    optimizer = Muon([{"params": [weight], "inner": True}], lr=0.01)
    weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    optimizer.step()
    assert weight.square().mean().sqrt().item() == pytest.approx(0.2 * 0.01, rel=0.2)
