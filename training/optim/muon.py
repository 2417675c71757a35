"""Muon, an optimizer that takes equal steps in all directions of a layer's weights.

Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, for all layers but
the first and the last, which Adam updates. The step size is that of Liu et al., "Muon is Scalable
for LLM Training", arXiv 2502.16982, section 2.2, so that both use the same learning rate.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

_QUINTIC = (3.4445, -4.7750, 2.0315)  # Jordan et al.: the steepest start that still converges


class Muon(Optimizer):
    """Groups with ``inner`` set hold convolution weights; Adam (0.9, 0.99) updates the others."""

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float = 1e-3) -> None:
        super().__init__(groups, {"lr": lr, "inner": False})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient."""
        assert closure is None
        for group in self.param_groups:
            learning = [p for p in group["params"] if p.grad is not None]
            move = self._move_inner if group["inner"] else self._move_outer
            move(learning, group["lr"])

    def _move_inner(self, weights: list[nn.Parameter], lr: float) -> None:
        by_shape: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
        for weight in weights:
            by_shape[weight.shape].append(weight)
        for alike in by_shape.values():  # one product for all of them is faster
            steps = orthogonal(torch.stack([self._momentum(w).flatten(1) for w in alike]))
            size = 0.2 * max(steps.shape[1:]) ** 0.5  # the usual size of an Adam step
            for weight, step in zip(alike, steps, strict=True):
                weight.sub_(step.view_as(weight), alpha=lr * size)

    def _momentum(self, weight: nn.Parameter) -> torch.Tensor:
        """Nesterov momentum: the running mean of gradients, plus a little of this gradient."""
        assert weight.grad is not None
        state = self.state[weight]
        if not state:
            state["mean"] = torch.zeros_like(weight)
        mean: torch.Tensor = state["mean"].lerp_(weight.grad, 0.05)
        return weight.grad.lerp(mean, 0.95)

    def _move_outer(self, parameters: list[nn.Parameter], lr: float) -> None:
        for parameter in parameters:
            assert parameter.grad is not None
            state = self.state[parameter]
            if not state:
                zeros = torch.zeros_like(parameter)
                state.update(step=0, mean=zeros, square=zeros.clone())
            state["step"] += 1
            mean = state["mean"].lerp_(parameter.grad, 0.1)
            square = state["square"].lerp_(parameter.grad.square(), 0.01)
            spread = (square / (1 - 0.99 ** state["step"])).sqrt_().add_(1e-8)
            parameter.addcdiv_(mean, spread, value=-lr / (1 - 0.9 ** state["step"]))


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Matrices (N, R, C) with the same singular vectors and singular values near one.

    Five Newton-Schulz steps. Singular values of at least a hundredth of the norm of the matrix
    end between 0.6 and 1.3.
    """
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonal(matrices.mT).mT
    a, b, c = _QUINTIC
    x = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x
