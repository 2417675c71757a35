import torch

from training.optim.averaging import averaging


def test_averages_forget_the_start_quickly() -> None:
    done, weights = 0, [torch.zeros(1)]
    average = averaging(0.999, lambda: done)
    for done in range(1, 101):
        average(weights, [torch.ones(1)], done)
    assert weights[0] > 0.999
    done = 100_000
    average(weights, [torch.zeros(1)], done)
    torch.testing.assert_close(weights[0], torch.tensor([0.999]))
