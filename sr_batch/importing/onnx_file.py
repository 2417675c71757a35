"""Reads ONNX files of other projects into one self-contained file. Runs in the sandbox."""

import os
from pathlib import Path

from google.protobuf.message import DecodeError, EncodeError
from onnx import ModelProto, TensorProto
from onnx.helper import set_model_props
from onnx.inliner import inline_local_functions

from sr_batch.core.errors import ImportRefused
from sr_batch.core.model_spec import ModelSpec, to_metadata
from sr_batch.importing.graph_check import check_graph

_EXTERNAL = TensorProto.EXTERNAL


def convert(source: Path, target: Path) -> None:
    """Check the network in ``source``, and write it to ``target`` with all its weights inside.

    Raises:
        ImportRefused: it is no ONNX file, is not supported, or weights beside it are missing.
    """
    model = read_model(source)
    check_graph(model)
    if model.functions:
        model = inline_local_functions(model)
    _fold_weights(model, source.parent)
    del model.metadata_props[:]  # claims of a contract among them
    write_model(model, target)


def read_model(path: Path) -> ModelProto:
    """The file as it is, without weights that are beside it. Raises ImportRefused."""
    model = ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as fault:
        raise ImportRefused("it cannot be read as ONNX: truncated or damaged") from fault
    except OSError as fault:
        raise ImportRefused(f"it cannot be read: {fault.strerror}") from fault
    if not model.graph.node:
        raise ImportRefused("it holds no network: truncated, or not an ONNX file")
    return model


def write_model(model: ModelProto, target: Path) -> None:
    """Raises ImportRefused if it is too large for a file of its own."""
    try:
        data = model.SerializeToString()
    except (ValueError, EncodeError) as fault:
        raise ImportRefused(
            "it is over 2 GiB with its weights, which one file cannot hold"
        ) from fault
    target.write_bytes(data)


def set_contract(model: ModelProto, spec: ModelSpec) -> None:
    """Replace all metadata of ``model`` by the contract ``spec``."""
    del model.metadata_props[:]
    set_model_props(model, to_metadata(spec))


def _fold_weights(model: ModelProto, folder: Path) -> None:
    tensors = [*model.graph.initializer]
    for node in model.graph.node:
        tensors += [each.t for each in node.attribute if each.HasField("t")]
    for tensor in tensors:
        if tensor.data_location == _EXTERNAL:
            _fold(tensor, folder)


def _fold(tensor: TensorProto, folder: Path) -> None:
    entries = {each.key: each.value for each in tensor.external_data}
    location = entries.get("location", "")
    path = _beside(folder, location)
    try:
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        with path.open("rb") as file:
            there = os.fstat(file.fileno()).st_size
            wanted = there - offset if length < 0 else length
            if offset < 0 or offset + wanted > there:
                raise ImportRefused(f"{location} beside it is too short: download it again")
            file.seek(offset)
            data = file.read(wanted)
    except ValueError as fault:
        raise ImportRefused(f"the place of its weights in {location} cannot be read") from fault
    except OSError as fault:
        raise ImportRefused(
            f"its weights are in {location}, which is missing beside it: download it, too"
        ) from fault
    tensor.raw_data = data
    tensor.data_location = TensorProto.DEFAULT
    del tensor.external_data[:]


def _beside(folder: Path, location: str) -> Path:
    """The file of weights, which must be in the folder of the network and no link out of it."""
    path = folder / location
    inside = path.resolve().is_relative_to(folder.resolve())
    if not location or Path(location).is_absolute() or ".." in Path(location).parts or not inside:
        raise ImportRefused(f"its weights are in {location or 'no file'}, outside its folder")
    if path.exists() and not path.is_file():
        raise ImportRefused(f"its weights are in {location}, which is not a file")
    return path
