import math

import torch

from training.losses.adversarial import Adversary, Discriminator, relativistic


def test_equal_logits_are_undecided() -> None:
    logits = torch.full((4, 1), 0.7)
    assert math.isclose(relativistic(logits, logits).item(), math.log(2), rel_tol=1e-6)
    assert relativistic(logits + 3, logits) < 0.1 < math.log(2) < relativistic(logits, logits + 3)


def test_judges_pictures_of_any_size() -> None:
    net = Discriminator(channels=8)
    for side in (32, 96, 130):
        assert net(torch.rand(2, 3, side, side)).shape == (2, 1)


def test_the_discriminator_learns_to_tell_soft_from_sharp() -> None:
    torch.manual_seed(0)
    adversary = Adversary(1e-3, torch.device("cpu"), channels=8)
    soft, sharp = torch.full((4, 3, 48, 48), 0.5), torch.rand(4, 3, 48, 48)
    before = adversary.deceive(soft, sharp)
    losses = [adversary.learn(soft, sharp) for _ in range(10)]
    assert losses[-1] < 0.5 * losses[0]
    assert adversary.deceive(soft, sharp) > before


def test_the_generator_loss_has_no_gradient_for_the_discriminator() -> None:
    adversary = Adversary(1e-3, torch.device("cpu"), channels=8)
    sr = torch.rand(2, 3, 48, 48, requires_grad=True)
    adversary.deceive(sr, torch.rand(2, 3, 48, 48)).backward()
    assert sr.grad is not None
    assert sr.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in adversary.net.parameters())
