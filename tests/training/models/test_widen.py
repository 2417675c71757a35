"""A larger network starts as the same function."""

import pytest
import torch

from training.models.fast import Config, ConvStack
from training.models.widen import widened

SMALL = Config(2, channels=4, blocks=2, convs=2)


def trained() -> ConvStack:
    torch.manual_seed(1)
    net = ConvStack(SMALL)
    torch.nn.init.normal_(net.tail.weight, std=0.1)  # as after training: the tail is not silent
    return net


@pytest.mark.parametrize(("channels", "blocks"), [(4, 3), (7, 2), (9, 4)])
def test_computes_the_same(channels: int, blocks: int) -> None:
    old = trained()
    new = ConvStack(Config(2, channels=channels, blocks=blocks, convs=2))
    new.load_state_dict(widened(old.state_dict(), new))
    picture = torch.rand(1, 3, 9, 8)
    assert torch.allclose(new(picture), old(picture), atol=1e-6)


def test_gradients_reach_all_weights_within_two_steps() -> None:
    new = ConvStack(Config(2, channels=7, blocks=3, convs=2))
    new.load_state_dict(widened(trained().state_dict(), new))
    before = {name: value.clone() for name, value in new.state_dict().items()}
    optimizer = torch.optim.SGD(new.parameters(), 0.1)
    for _ in range(2):
        optimizer.zero_grad()
        new(torch.rand(2, 3, 9, 8)).square().mean().backward()
        optimizer.step()
    same = [name for name, value in new.named_parameters() if torch.equal(value, before[name])]
    assert same == []
