"""Exports a network to ONNX, and writes the file with its contract."""

import logging
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

from sr_batch.core.model_spec import ModelSpec, to_metadata

OPSET = 18


def to_onnx(net: nn.Module, channels: int) -> onnx.ModelProto:
    """Export ``net`` on the CPU: ``input`` -> ``output``, NCHW float32, dynamic batch and sides.

    The notes of the exporter about source files are removed.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns if torchvision is missing
    example = torch.rand(2, channels, 24, 36)
    axes = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # from torch's own tree library
        program = torch.onnx.export(
            net.cpu().eval(),
            (example,),
            dynamo=True,
            input_names=["input"],
            output_names=["output"],
            dynamic_shapes=(axes,),
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    return _without_traces(program.model_proto)


def write(model: onnx.ModelProto, spec: ModelSpec, path: Path) -> None:
    """Write the contract of ``spec`` into ``model``, check the model, and save it to ``path``."""
    onnx.helper.set_model_props(model, to_metadata(spec))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*model.graph.value_info, *model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    del model.graph.metadata_props[:]
    model.producer_name, model.producer_version = "sr-batch", ""
    return model
