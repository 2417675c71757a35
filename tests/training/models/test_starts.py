import pytest
import torch

from training.models import build
from training.models.starts import start_as_


def test_glorot_keeps_its_bound_and_has_no_biases() -> None:
    net = build("espcn", 2, {"channels": 8})
    start_as_(net, "glorot")
    conv = net.get_submodule("body.1")
    assert isinstance(conv, torch.nn.Conv2d)
    bound = (6 / (2 * 8 * 25)) ** 0.5
    assert 0.9 * bound < conv.weight.abs().max() <= bound
    assert conv.bias is not None
    assert not conv.bias.any()


def test_orthogonal_filters_are_orthonormal_in_the_layout_of_training() -> None:
    net = build("espcn", 2, {"channels": 8})
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    start_as_(net, "orthogonal")
    filters = net.get_parameter("body.1.weight").flatten(1)
    torch.testing.assert_close(filters @ filters.T, torch.eye(8), atol=1e-5, rtol=0)


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_final_relu_cuts_off_what_is_negative(is_cut: bool) -> None:
    torch.manual_seed(0)
    net = build("espcn", 2, {"channels": 8, "final_relu": is_cut})
    torch.nn.init.normal_(net.get_parameter("tail.weight"))
    assert (net(torch.rand(1, 1, 8, 8)) >= 0).all() == is_cut


def test_zero_padding_differs_at_the_border_alone() -> None:
    torch.manual_seed(0)
    nets = [
        build("srcnn", 2, {"features": 8, "mapping": 4, "padding": padding})
        for padding in ("replicate", "zeros")
    ]
    torch.nn.init.normal_(nets[0].get_parameter("rebuild.weight"))
    nets[1].load_state_dict(nets[0].state_dict())
    first, second = (net(torch.full((1, 1, 20, 20), 0.5))[0, 0] for net in nets)
    differs = (first - second).abs() > 1e-4
    assert differs[20, :3].any()
    assert not differs[8:-8, 8:-8].any()
