from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from tests.training.small import CONFIGS, SMALL, slow_unless_quick
from training.evaluate import cost
from training.models import build
from training.models.layers import inner_layers
from training.quantize import onnx_precision
from training.quantize.fake_quant import prepare
from training.quantize.onnx_precision import to_fp16, to_int8
from training.release.onnx_export import to_onnx


def run(model: onnx.ModelProto, image: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (output,) = session.run(["output"], {"input": image[None]})
    return np.asarray(output)[0]


@pytest.mark.parametrize("config", slow_unless_quick(["espcn", "edsr", "fast", "fast_other"]))
def test_int8_rounds_as_training_did(config: str) -> None:
    torch.manual_seed(0)
    name, options = CONFIGS[config]
    net = build(name, 2, options).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    channels = 1 if name == "espcn" else 3
    images = [torch.rand(channels, 40 + n, 40).numpy() for n in range(4)]
    model = to_onnx(net, channels)
    quantized = to_int8(model, inner_layers(net), images)
    assert [d.dim_param for d in quantized.graph.input[0].type.tensor_type.shape.dim][2] == "height"
    inner = len(inner_layers(net))
    kinds = Counter(tensor.data_type for tensor in quantized.graph.initializer if tensor.dims)
    assert kinds[onnx.TensorProto.INT8] >= inner
    assert cost.parameters(quantized) == cost.parameters(model)
    assert cost.multiply_adds_720p(quantized, 2) == cost.multiply_adds_720p(model, 2)
    rounding = prepare(net)
    with torch.inference_mode():
        taught = rounding(torch.from_numpy(images[0])[None])[0].numpy()
    exact, found = run(model, images[0]), run(quantized, images[0])
    lost = np.abs(found - exact).mean()
    assert lost < 0.02 * np.abs(exact).max()
    assert 0.9 < np.abs(taught - exact).mean() / lost < 1.3
    assert np.abs(found - taught).mean() < 1.5 * lost


def test_int8_uses_the_ranges_closest_to_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = build("fast", 2, SMALL["fast"]).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    images = [torch.rand(3, 40, 40).numpy() for _ in range(4)]
    model = to_onnx(net, 3)

    def made(*percentiles: float) -> np.ndarray:
        monkeypatch.setattr(onnx_precision, "_PERCENTILES", percentiles)
        return run(to_int8(model, inner_layers(net), images), images[0])

    poor, good = made(60.0), made(99.999)
    assert (poor != good).any()
    assert (made(60.0, 99.999) == good).all()
    assert (made(99.999, 60.0) == good).all()


@pytest.mark.parametrize(("name", "scale"), [("fast", 2), ("rrdb", 4)])
def test_fp16_keeps_float32_input_and_output(name: str, scale: int) -> None:
    net = build(name, scale, SMALL[name]).eval()
    for parameter in net.parameters():
        parameter.data += 0.003 * torch.randn_like(parameter)
    model = to_onnx(net, 3)
    half = to_fp16(model)
    types = [v.type.tensor_type.elem_type for v in (*half.graph.input, *half.graph.output)]
    assert types == [onnx.TensorProto.FLOAT] * 2
    onnx.checker.check_model(half, full_check=True)
    assert len(half.SerializeToString()) < 0.7 * len(model.SerializeToString())
    image = np.random.default_rng(0).random((3, 21, 34), np.float32)
    difference = np.abs(run(half, image) - run(model, image)).max()
    assert 0 < difference < 4e-3
    assert cost.parameters(half) == cost.parameters(model)
