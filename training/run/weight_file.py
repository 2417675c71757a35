"""Weights in files of other projects, to start from: .pth, .pt, .ckpt and .safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from training.models import BadConfig

_SUFFIXES = {".pth", ".pt", ".ckpt", ".safetensors"}
# What a file may hold its tensors in; the averaged ones count.
_INNER = ("params_ema", "params", "state_dict", "model_state_dict", "model", "net", "ema")
_WRAPPERS = ("module.", "_orig_mod.", "generator.")

Weights = dict[str, torch.Tensor]


def is_weight_file(text: str) -> bool:
    """Whether ``text`` names a file of weights, and not a recipe."""
    return Path(text).suffix in _SUFFIXES


def read_weights(path: Path) -> Weights:
    """Name -> tensor, from a file that PyTorch or safetensors wrote. Runs no code of the file.

    Raises:
        FileNotFoundError: there is no such file.
        BadConfig: it cannot be read, or has no tensors.
    """
    if not path.is_file():
        raise FileNotFoundError(f"--init {path}: no such file")
    tensors = {
        _without_wrappers(name): value.float()
        for name, value in _innermost(_load(path)).items()
        if isinstance(value, torch.Tensor)
    }
    if not tensors:
        raise BadConfig(f"--init {path}: has no weights; it must hold a state_dict")
    return tensors


def require_fitting(
    path: str, weights: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]
) -> None:
    """Refuse the weights of another network.

    Raises:
        BadConfig: fewer than half of the tensors of the network are in the file.
    """
    fitting = [key for key, value in own.items() if key in weights and _alike(weights[key], value)]
    if 2 * len(fitting) >= len(own):
        return
    missing = next(key for key in own if key not in fitting)
    theirs = next(iter(weights))
    raise BadConfig(
        f"--init {path}: holds another network: {len(fitting)} of its tensors fit, and this network"
        f" has {len(own)}. It needs, for example, {_described(missing, own[missing])}; the file has"
        f" {_described(theirs, weights[theirs])}"
    )


def _load(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except SafetensorError as error:
            raise BadConfig(f"--init {path}: is damaged: {error}") from error
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises errors of all kinds for damaged files
        raise BadConfig(
            f"--init {path}: is no file of PyTorch weights, or holds more than tensors. Save it "
            "with torch.save(net.state_dict(), FILE)"
        ) from error


def _innermost(content: Any) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        return {}
    for name in _INNER:
        if isinstance(content.get(name), Mapping):
            return _innermost(content[name])
    return content


def _without_wrappers(name: str) -> str:
    for prefix in _WRAPPERS:
        name = name.removeprefix(prefix)
    return name


def _alike(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape


def _described(name: str, tensor: torch.Tensor) -> str:
    return f"{name} {'x'.join(map(str, tensor.shape)) or 'scalar'}"
