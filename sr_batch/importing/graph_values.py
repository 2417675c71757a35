"""Checks the values of an ONNX graph: who writes and who reads them, and the sizes of weights.

ONNX Runtime checks most of it, too, with messages that few understand, and some of it not at all.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from math import prod

from onnx import GraphProto, ModelProto, NodeProto, TensorProto
from onnx.helper import tensor_dtype_to_string

from sr_batch.core.errors import ImportRefused

_MOST_NAME = 1000  # letters; names get into messages, and may be millions of letters long
_BROKEN = "the file is damaged; export or download it again"
_BITS: dict[int, int] = {
    **dict.fromkeys((TensorProto.UINT4, TensorProto.INT4), 4),
    **dict.fromkeys((TensorProto.UINT8, TensorProto.INT8, TensorProto.BOOL), 8),
    **dict.fromkeys((TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E5M2), 8),
    **dict.fromkeys((TensorProto.FLOAT16, TensorProto.BFLOAT16), 16),
    **dict.fromkeys((TensorProto.UINT16, TensorProto.INT16), 16),
    **dict.fromkeys((TensorProto.FLOAT, TensorProto.UINT32, TensorProto.INT32), 32),
    **dict.fromkeys((TensorProto.DOUBLE, TensorProto.UINT64, TensorProto.INT64), 64),
}


def require_short_names(model: ModelProto) -> None:
    """Raises ImportRefused if a name is longer than any that an exporter makes."""
    for name in _names(model):
        if len(name) > _MOST_NAME:
            raise ImportRefused(
                f"it has a name of {len(name)} letters, and {_MOST_NAME} is the limit: export it"
                " with shorter names"
            )


def require_order(graph: GraphProto) -> None:
    """Check that each value is written once, and that no operator waits for itself.

    Raises:
        ImportRefused: the message names the value.
    """
    _require_written_once(graph)
    _require_written(graph)
    _require_no_circle(graph.node)


def require_whole(tensor: TensorProto) -> None:
    """Check that a weight has as many bytes as its type and its shape need.

    Raises:
        ImportRefused: the message names the weight.
    """
    shape = "x".join(map(str, tensor.dims)) or "one number"
    about = f"its weight {tensor.name} ({shape})"
    if tensor.data_type == TensorProto.STRING:
        raise ImportRefused(f"{about} is text, which is not supported: export it without")
    bits = _BITS.get(tensor.data_type)
    if bits is None:
        raise ImportRefused(f"{about} is of {_type_name(tensor)}, which is not supported")
    if min(tensor.dims, default=0) < 0:
        raise ImportRefused(f"{about} has a negative size: {_BROKEN}")
    if tensor.data_location == TensorProto.EXTERNAL:
        return
    count, there = prod(tensor.dims), len(tensor.raw_data)
    if tensor.HasField("raw_data"):
        if there != -(-count * bits // 8):
            raise ImportRefused(f"{about} has {there} bytes of data: {_BROKEN}")
    elif bits >= 8 and (listed := _listed(tensor)) != count:
        raise ImportRefused(f"{about} has {listed} numbers: {_BROKEN}")


def _names(model: ModelProto) -> Iterator[str]:
    graph = model.graph
    for each in (*graph.input, *graph.output, *graph.initializer):
        yield each.name
    for node in chain(graph.node, *(each.node for each in model.functions)):
        yield from (node.name, node.domain, node.op_type)
        yield from node.input
        yield from node.output


def _require_written_once(graph: GraphProto) -> None:
    weights = [each.name for each in graph.initializer]
    listed = {each.name for each in graph.input}.difference(weights)
    written = [name for node in graph.node for name in node.output if name]
    seen: set[str] = set()
    for name in chain(listed, weights, written):
        if name in seen:
            raise ImportRefused(f"it writes {name} twice: {_BROKEN}")
        seen.add(name)


def _require_written(graph: GraphProto) -> None:
    known = {each.name for each in chain(graph.input, graph.initializer)}
    known.update(name for node in graph.node for name in node.output)
    for node in graph.node:
        for name in node.input:
            if name and name not in known:
                raise ImportRefused(
                    f"its operator {node.op_type} reads {name}, which nothing writes: {_BROKEN}"
                )
    for output in graph.output:
        if output.name not in known:
            raise ImportRefused(f"it returns {output.name}, which nothing writes: {_BROKEN}")


def _require_no_circle(nodes: Sequence[NodeProto]) -> None:
    """Take away every operator whose inputs are there; a circle remains."""
    writer = {name: number for number, node in enumerate(nodes) for name in node.output if name}
    waits = [{writer[name] for name in node.input if name in writer} for node in nodes]
    readers: list[list[int]] = [[] for _ in nodes]
    for number, sources in enumerate(waits):
        for source in sources:
            readers[source].append(number)
    open_inputs = [len(sources) for sources in waits]
    ready = deque(number for number, count in enumerate(open_inputs) if not count)
    left = len(nodes)
    while ready:
        left -= 1
        for reader in readers[ready.popleft()]:
            open_inputs[reader] -= 1
            if not open_inputs[reader]:
                ready.append(reader)
    if left:
        stuck = next(number for number, count in enumerate(open_inputs) if count)
        raise ImportRefused(
            f"its operators form a circle ({nodes[stuck].op_type} waits for itself): {_BROKEN}"
        )


def _listed(tensor: TensorProto) -> int:
    """How many numbers a weight has in its lists."""
    lists = (tensor.float_data, tensor.int32_data, tensor.int64_data)
    return sum(map(len, (*lists, tensor.double_data, tensor.uint64_data)))


def _type_name(tensor: TensorProto) -> str:
    try:
        return str(tensor_dtype_to_string(tensor.data_type)).removeprefix("TensorProto.").lower()
    except (KeyError, ValueError):
        return f"type {tensor.data_type}"
