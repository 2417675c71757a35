"""One attempt to export a PyTorch network. Runs as a process of its own, and nothing imports it.

``python -m sr_batch.importing.weights.child ATTEMPT SOURCE TARGET SECONDS`` ends after so many
seconds of processor time. Else its last line is one JSON object: ``architecture``, ``scale`` and
``multiple`` if the network in ``TARGET`` agrees with torch, ``failed`` if another attempt may
succeed, ``refused`` if none can.
"""

import json
import sys
import types
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.kinds import Kind, kind_of
from sr_batch.inference.onnx_runtime import CPU, load_runtime

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor

    Network: TypeAlias = ImageModelDescriptor[torch.nn.Module]

_INSTEAD = "if there is an ONNX file of it, take that one"
_OPSET = 18
_WINDOW = 128
_AGREES = 2e-3  # half a level of 8 bits
_TRACED = (96, 96)
_SIDES = ((53, 83), (113, 61), _TRACED)
_MULTIPLES = (1, 4, 8, 16, 64)


class Refused(Exception):
    """No attempt can succeed; the message says why."""


def main(attempt: str, source: Path, target: Path) -> Mapping[str, object]:
    """Load, export, compare. Returns the answer."""
    warnings.simplefilter("ignore")  # the exporters announce their own replacement
    try:
        network = _load(source)
        _ATTEMPTS[attempt](network, target)
        multiple = _compare(network, target, attempt)
    except (Refused, ImportRefused) as error:
        return {"refused": str(error)}
    except Exception as error:  # exporters raise anything
        return {"failed": _one_line(error)}
    name = network.architecture.name
    return {"architecture": name, "scale": network.scale, "multiple": multiple}


def _load(source: Path) -> "Network":
    state = _state_dict(source)
    _stand_in_for_torchvision()
    from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

    try:
        network = ModelLoader(device="cpu").load_from_state_dict(state)
    except UnsupportedModelError as error:
        raise Refused(f"spandrel does not know this network; {_INSTEAD}") from error
    except (RuntimeError, KeyError, ValueError) as error:
        raise Refused(
            f"its weights do not fit its network ({_one_line(error)}): {_INSTEAD}"
        ) from error
    if not isinstance(network, ImageModelDescriptor):
        raise Refused(
            f"{network.architecture.name} needs a mask beside the picture: take another network"
        )
    network.model.eval().float()
    return network


def _state_dict(source: Path) -> dict[str, torch.Tensor]:
    if kind_of(source) is Kind.SAFETENSORS:
        from safetensors.torch import load_file

        return load_file(source)
    try:
        state = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:
        raise Refused(
            f"its weights cannot be read ({_one_line(error)}): download it again"
        ) from error
    if not isinstance(state, dict):
        raise Refused(
            f"it holds a {type(state).__name__} and not a state dict: load it where it was made,"
            " and save its state_dict() alone"
        )
    _require_own_bytes(state, source.stat().st_size)
    return state


def _require_own_bytes(state: Mapping[object, object], size: int) -> None:
    """Refuse a tensor that repeats one number a million times: as a weight, it needs all bytes."""
    for name, value in state.items():
        if isinstance(value, Mapping):
            _require_own_bytes(value, size)
        elif isinstance(value, torch.Tensor) and value.numel() * value.element_size() > size:
            shape = "x".join(map(str, value.shape))
            raise Refused(f"its tensor {name} ({shape}) is larger than the file: download it again")


def _stand_in_for_torchvision() -> None:
    """Two networks that spandrel knows need torchvision, none of them enlarges.

    torchvision is often missing, or not made for this version of torch.
    """
    try:
        import torchvision.transforms.functional  # noqa: F401
    except (ImportError, RuntimeError):
        for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional"):
            module = types.ModuleType(name)
            for missing in ("InterpolationMode", "rotate", "normalize"):
                setattr(module, missing, None)
            sys.modules[name] = module


def _trace(network: "Network", target: Path) -> None:
    axes = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        network.model,
        (_picture(network, _TRACED, network.size_requirements.multiple_of),),
        str(target),
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": axes, "output": axes},
        opset_version=_OPSET,
        dynamo=False,
    )


def _capture(network: "Network", target: Path) -> None:
    dim = torch.export.Dim
    unit = network.size_requirements.multiple_of
    sides = {2: unit * dim("height", min=2, max=4096), 3: unit * dim("width", min=2, max=4096)}
    torch.onnx.export(
        network.model,
        (_picture(network, _TRACED, network.size_requirements.multiple_of),),
        str(target),
        input_names=["input"],
        output_names=["output"],
        dynamic_shapes=(sides,),
        opset_version=_OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def _fix(network: "Network", target: Path) -> None:
    torch.onnx.export(
        network.model,
        (_window(network),),
        str(target),
        input_names=["input"],
        output_names=["output"],
        opset_version=_OPSET,
        dynamo=False,
    )


_ATTEMPTS: Mapping[str, Callable[["Network", Path], None]] = {
    "traced": _trace,
    "captured": _capture,
    "window": _fix,
}


def _compare(network: "Network", target: Path, attempt: str) -> int:
    """The multiple of whose sizes the exported network agrees with torch.

    An exporter may keep a part of the network that only fits some sizes.

    Raises:
        ValueError: it differs from torch at one of three sizes of any multiple.
    """
    unit: int = network.size_requirements.multiple_of
    if attempt == "window":
        _require_equal(network, target, [_window(network)])
        return unit
    units = [unit * factor for factor in _MULTIPLES]
    for unit in units:
        try:
            _require_equal(network, target, [_picture(network, sides, unit) for sides in _SIDES])
            return unit
        except Exception:  # ONNX Runtime's exceptions have no common base
            if unit == units[-1]:
                raise
    raise AssertionError("unreachable")


def _require_equal(network: "Network", target: Path, pictures: list[torch.Tensor]) -> None:
    for picture in pictures:
        expected, result = network(picture).numpy(), _run(target, picture.numpy())
        size = "x".join(map(str, picture.shape[:1:-1]))
        if result.shape != expected.shape:
            raise ValueError(f"the output has a wrong size for {size} pixels")
        worst = float(np.abs(result.clip(0, 1) - expected).max())
        if not worst <= _AGREES:
            raise ValueError(f"differs from torch by {worst:.3f} for {size} pixels")


def _run(path: Path, picture: np.ndarray) -> np.ndarray:
    session = load_runtime().InferenceSession(path, providers=[CPU])
    (result,) = session.run(None, {session.get_inputs()[0].name: picture})
    return np.asarray(result)


def _picture(network: "Network", sides: tuple[int, int], unit: int) -> torch.Tensor:
    """Smooth noise, whose sides are the next multiples of ``unit``."""
    needs = network.size_requirements
    least = (max(side, needs.minimum) for side in ((max(sides),) * 2 if needs.square else sides))
    height, width = (unit * -(-side // unit) for side in least)
    return _noise(network.input_channels, height, width)


def _window(network: "Network") -> torch.Tensor:
    unit = network.size_requirements.multiple_of
    side = unit * -(-max(_WINDOW, network.size_requirements.minimum) // unit)
    return _noise(network.input_channels, side, side)


def _noise(channels: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, channels, 7, 9, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    return smooth + 0.05 * torch.rand(1, channels, height, width, generator=generator)


def _limit_processor_time(seconds: int) -> None:
    try:
        import resource
    except ImportError:
        return  # on Windows only the parent's deadline holds
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


if __name__ == "__main__":
    _attempt, _source, _target, _seconds = sys.argv[1:]
    _limit_processor_time(int(_seconds))
    print(json.dumps(main(_attempt, Path(_source), Path(_target))))
