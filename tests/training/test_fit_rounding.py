import numpy as np
import onnx
import torch

from tests.training.conftest import draw_photograph
from tests.training.small import SMALL
from tests.training.test_precision import run
from training.data import to_color
from training.export import to_onnx
from training.fit_rounding import rounded
from training.models import build
from training.models.layers import inner_layers
from training.precision import to_int8


def what_is_read(outputs: int, inputs: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weights, moments of inputs that all have a bright picture in common, and steps."""
    torch.manual_seed(0)
    weights = torch.randn(outputs, inputs, dtype=torch.float64)
    x = torch.rand(inputs, 4000, dtype=torch.float64) * 0.2 + torch.rand(4000, dtype=torch.float64)
    steps = weights.abs().amax(1) / 8
    return weights, x @ x.T / 4000, steps


def error(weights: torch.Tensor, found: torch.Tensor, read: torch.Tensor) -> float:
    lost = weights - found
    return float((lost @ read * lost).sum())


def test_rounds_each_by_itself_where_nothing_is_alike() -> None:
    weights, _, steps = what_is_read(8, 12)
    levels = rounded(weights, torch.eye(12, dtype=torch.float64), steps)
    assert torch.equal(levels, (weights / steps[:, None]).round())


def test_later_weights_make_up_for_earlier_ones() -> None:
    weights, read, steps = what_is_read(8, 12)
    alone = (weights / steps[:, None]).round() * steps[:, None]
    together = rounded(weights, read, steps) * steps[:, None]
    assert error(weights, together, read) < 0.2 * error(weights, alone, read)


def test_levels_are_whole_and_of_seven_bits() -> None:
    weights, read, steps = what_is_read(8, 12)
    levels = rounded(weights, read, steps / 20)
    assert torch.equal(levels, levels.round())
    assert levels.abs().max() == 64


def luma(rgb: np.ndarray) -> np.ndarray:
    """float32 (1, H, W), 0..1."""
    return to_color(rgb, "y").transpose(2, 0, 1).astype(np.float32) / 255


def test_luma_that_passes_through_rounded_layers_keeps_its_brightness() -> None:
    torch.manual_seed(0)
    net = build("espcn", 2, SMALL["espcn"]).eval()
    for name, parameter in net.named_parameters():
        torch.nn.init.uniform_(
            parameter, 0, 0.01 if name.endswith("bias") else 2 / parameter[0].numel()
        )
    for name in inner_layers(net):  # one large weight, and a step between two is half of another
        net.get_parameter(f"{name}.weight").data[:, 0, 2, 2] = 0.2
    images = [luma(draw_photograph(seed, 64)) for seed in range(4)]
    model = to_onnx(net, 1)
    plain = to_int8(model, inner_layers(net), images)
    fitted = to_int8(model, inner_layers(net), images, fitted="tail")
    unseen = luma(draw_photograph(9, 80))

    def lost(file: onnx.ModelProto) -> float:
        return float(np.square(run(file, unseen) - run(model, unseen)).mean())

    assert lost(fitted) < 0.5 * lost(plain)
    assert (run(plain, unseen) == run(to_int8(model, inner_layers(net), images), unseen)).all()
