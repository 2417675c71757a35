"""Reads ONNX files of other projects into one self-contained file. Runs in the sandbox."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from google.protobuf.message import DecodeError, EncodeError
from onnx import ModelProto, TensorProto
from onnx.helper import set_model_props
from onnx.inliner import inline_local_functions

from sr_batch.core.errors import ImportRefused
from sr_batch.core.model_spec import ModelSpec, to_metadata
from sr_batch.importing.graph_check import check_graph
from sr_batch.importing.graph_values import require_whole

_EXTERNAL = TensorProto.EXTERNAL
_MOST_BYTES = (2 << 30) - 1  # of one file, with all weights inside
_AGAIN = "download it again"
_TOO_LARGE = "over 2 GiB with its weights, which one file cannot hold: take a smaller network"


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
        if path.stat().st_size > _MOST_BYTES:
            raise ImportRefused(f"it is {_TOO_LARGE}")
        model.ParseFromString(path.read_bytes())
    except DecodeError as fault:
        raise ImportRefused(
            f"it cannot be read as ONNX: truncated, damaged or nested too deep; {_AGAIN}"
        ) from fault
    except OSError as fault:
        raise ImportRefused(f"it cannot be read: {fault.strerror}") from fault
    if not model.graph.node:
        raise ImportRefused(f"it holds no network: truncated, or not an ONNX file; {_AGAIN}")
    return model


def write_model(model: ModelProto, target: Path) -> None:
    """Raises ImportRefused if it is too large for a file of its own."""
    try:
        data = model.SerializeToString()
    except (ValueError, EncodeError) as fault:
        raise ImportRefused(f"it is {_TOO_LARGE}") from fault
    target.write_bytes(data)


def set_contract(model: ModelProto, spec: ModelSpec) -> None:
    """Replace all metadata of ``model`` by the contract ``spec``."""
    del model.metadata_props[:]
    set_model_props(model, to_metadata(spec))


def _fold_weights(model: ModelProto, folder: Path) -> None:
    left = _MOST_BYTES
    for tensor in [*model.graph.initializer, *_constants(model)]:
        if tensor.data_location == _EXTERNAL:
            left -= _fold(tensor, folder, left)


def _constants(model: ModelProto) -> Iterator[TensorProto]:
    for node in model.graph.node:
        for each in node.attribute:
            yield from each.tensors
            if each.HasField("t"):
                yield each.t


def _fold(tensor: TensorProto, folder: Path, most: int) -> int:
    """Put the weights of ``tensor`` into it. Returns how many bytes."""
    entries = {each.key: each.value for each in tensor.external_data}
    location = entries.get("location", "")
    try:
        with _beside(folder, location).open("rb") as file:
            data = _part(file, entries, location, most)
    except ValueError as fault:
        raise ImportRefused(
            f"the place of its weights in {location} cannot be read: {_AGAIN}"
        ) from fault
    except OSError as fault:
        raise ImportRefused(
            f"its weights are in {location}, which is missing beside it: download it, too"
        ) from fault
    tensor.raw_data = data
    tensor.data_location = TensorProto.DEFAULT
    del tensor.external_data[:]
    require_whole(tensor)
    return len(data)


def _part(file: IO[bytes], entries: Mapping[str, str], location: str, most: int) -> bytes:
    """The bytes that the entries of a weight name."""
    offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
    there = os.fstat(file.fileno()).st_size
    wanted = there - offset if length < 0 else length
    if offset < 0 or wanted < 0 or offset + wanted > there:
        raise ImportRefused(f"{location} beside it is too short: {_AGAIN}")
    if wanted > most:
        raise ImportRefused(f"it is {_TOO_LARGE}")
    file.seek(offset)
    return file.read(wanted)


def _beside(folder: Path, location: str) -> Path:
    """The file of weights, which must be in the folder of the network and no link out of it.

    Raises:
        ImportRefused: it is not.
        OSError, ValueError: it cannot be found.
    """
    place = Path(location)
    path = folder / place
    inside = path.resolve().is_relative_to(folder.resolve())
    if not location or place.is_absolute() or ".." in place.parts or not inside:
        raise ImportRefused(
            f"its weights are in {location or 'no file'}, outside its folder: put them beside it,"
            " and export it again"
        )
    if path.exists() and not path.is_file():
        raise ImportRefused(
            f"its weights are in {location}, which is not a file: put the file there"
        )
    return path
