"""8-bit weights fitted to photographs: what a layer gives in int8 comes near what it gave in fp32.

Rounded one by one, weights may be off in the same direction, and where luma itself passes through
a layer that is another brightness. Frantar et al., "GPTQ", ICLR 2023, section 3: columns of the
weights are rounded one after another, and those that are left make up for the error. Each layer
reads what the rounded ones before it give, so that it makes up for theirs, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from onnxruntime import InferenceSession

LEVELS = 64  # of seven bits, either side of zero
_DAMPED = 0.002  # of the mean square of what a layer reads: how far weights may leave the trained
_SAMPLES = 2_500  # pixels of an image that are looked at


@dataclass(frozen=True)
class _Moments:
    """What a layer reads at one pixel is x, of K values and a 1; what it shall give is y.

    Attributes:
        read: Mean of x x^T, (K + 1, K + 1).
        cross: Mean of x y^T, (K + 1, outputs).
    """

    read: torch.Tensor
    cross: torch.Tensor

    def damped(self) -> torch.Tensor:
        """``read`` that can be inverted."""
        return self.read + _DAMPED * self.read.diagonal().mean() * torch.eye(len(self.read))

    def fit(self, weights: torch.Tensor) -> torch.Tensor:
        """The weights and biases (outputs, K + 1) of least error, near those that are given."""
        missing = self.cross - self.read @ weights.T
        return weights + torch.linalg.solve(self.damped(), missing).T

    def bias(self, weights: torch.Tensor) -> torch.Tensor:
        """Of ``weights`` (outputs, K): with it the mean is right."""
        return self.cross[-1] - weights @ self.read[:-1, -1]


def fit_rounding(
    int8: onnx.ModelProto,
    fp32: onnx.ModelProto,
    layers: Sequence[str],
    last: str,
    images: Sequence[np.ndarray],
) -> onnx.ModelProto:
    """``int8`` with other weights and biases.

    Args:
        int8: ``fp32`` with 8-bit convolutions, as the quantizer writes it.
        fp32: As exported; its convolutions keep the size of the image and have biases.
        layers: Names of the 8-bit convolutions, as in torch, in their order.
        last: Of the last convolution, in float, which makes up for all of them.
        images: LR (C, H, W) float32, 0..1.
    """
    fitted = onnx.ModelProto()
    fitted.CopyFrom(int8)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for layer in layers:
            _fit_8_bit(fitted, layer, _trained(fp32, layer), _moments(fitted, fp32, layer, images))
        _fit_float(fitted, last, _moments(fitted, fp32, last, images))
    return fitted


def rounded(weights: torch.Tensor, read: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
    """Levels (outputs, K), -64..64, of ``weights``, that together come near what they gave.

    Args:
        weights: (outputs, K).
        read: Mean of x x^T of what they read, (K, K), positive definite.
        steps: Between two levels, of each output.
    """
    spread = torch.linalg.cholesky(torch.linalg.inv(read), upper=True)
    left, levels = weights.clone(), torch.empty_like(weights)
    for k in range(weights.shape[1]):
        levels[:, k] = (left[:, k] / steps).round().clamp(-LEVELS, LEVELS)
        error = (left[:, k] - levels[:, k] * steps) / spread[k, k]
        left[:, k:] -= torch.outer(error, spread[k, k:])
    return levels


def _fit_8_bit(
    model: onnx.ModelProto, layer: str, trained: torch.Tensor, moments: _Moments
) -> None:
    steps = _array(model, f"{layer}.weight_scale")
    weights = moments.fit(trained)[:, :-1]
    levels = rounded(weights, moments.damped()[:-1, :-1], steps)
    bias = moments.bias(levels * steps[:, None]) / _array(model, f"{layer}.bias_quantized_scale")
    _put(model, f"{layer}.weight_quantized", levels)
    _put(model, f"{layer}.bias_quantized", bias.round())


def _fit_float(model: onnx.ModelProto, layer: str, moments: _Moments) -> None:
    fitted = moments.fit(_trained(model, layer))
    _put(model, f"{layer}.weight", fitted[:, :-1])
    _put(model, f"{layer}.bias", fitted[:, -1])


def _trained(model: onnx.ModelProto, layer: str) -> torch.Tensor:
    """The weights of ``layer`` in float, and its bias behind them: (outputs, K + 1)."""
    weight, bias = (_array(model, f"{layer}.{part}") for part in ("weight", "bias"))
    return torch.cat([weight.flatten(1), bias[:, None]], 1)


def _moments(
    int8: onnx.ModelProto, fp32: onnx.ModelProto, layer: str, images: Sequence[np.ndarray]
) -> _Moments:
    side = _initializer(fp32, f"{layer}.weight").dims[-1]
    reading = _tap(int8, _conv(int8, layer).input[0])
    giving = _tap(fp32, _conv(fp32, layer).output[0])
    read = cross = torch.zeros(())
    for image in images:
        x = F.unfold(torch.from_numpy(_last_output(reading, image)), side, padding=side // 2)[0]
        y = torch.from_numpy(_last_output(giving, image))[0].flatten(1)
        some = torch.randperm(x.shape[1])[:_SAMPLES]
        x, y = torch.cat([x, torch.ones_like(x[:1])])[:, some].double(), y[:, some].double()
        read = read + x @ x.T / x.shape[1] / len(images)
        cross = cross + x @ y.T / x.shape[1] / len(images)
    return _Moments(read, cross)


def _conv(model: onnx.ModelProto, layer: str) -> onnx.NodeProto:
    convs = (node for node in model.graph.node if node.op_type == "Conv")
    return next(node for node in convs if node.input[1].startswith(f"{layer}.weight"))


def _tap(model: onnx.ModelProto, value: str) -> InferenceSession:
    """A session whose last output is the inner ``value`` of ``model``."""
    tapped = onnx.ModelProto()
    tapped.CopyFrom(model)
    tapped.graph.output.append(onnx.ValueInfoProto(name=value))
    return InferenceSession(tapped.SerializeToString(), providers=["CPUExecutionProvider"])


def _last_output(session: InferenceSession, image: np.ndarray) -> np.ndarray:
    output: np.ndarray = session.run(None, {"input": image[None]})[-1]
    return output


def _initializer(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    return next(tensor for tensor in model.graph.initializer if tensor.name == name)


def _array(model: onnx.ModelProto, name: str) -> torch.Tensor:
    return torch.from_numpy(numpy_helper.to_array(_initializer(model, name)).astype(np.float64))


def _put(model: onnx.ModelProto, name: str, values: torch.Tensor) -> None:
    """Write ``values`` over the tensor ``name``, in its own shape and type."""
    tensor = _initializer(model, name)
    old = numpy_helper.to_array(tensor)
    tensor.CopyFrom(
        numpy_helper.from_array(values.numpy().reshape(old.shape).astype(old.dtype), name)
    )
