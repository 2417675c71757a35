"""Checks the functions that an ONNX file defines itself, before they are put in place.

Forty functions, each of which calls the one before twice, are a trillion operators.
"""

from collections.abc import Mapping

from onnx import FunctionProto, ModelProto, NodeProto

from sr_batch.core.errors import ImportRefused

STANDARD = ("", "ai.onnx")
Key = tuple[str, str, str]
_MOST_DEPTH = 100


def operators(model: ModelProto) -> int:
    """How many operators the graph has when all functions are put in place.

    Raises:
        ImportRefused: functions call each other, nest too deep, or hide an operator.
    """
    functions = _functions(model)
    counts: dict[Key, int] = {}
    return sum(_count(node, functions, counts, ()) for node in model.graph.node)


def _functions(model: ModelProto) -> Mapping[Key, FunctionProto]:
    found: dict[Key, FunctionProto] = {}
    for each in model.functions:
        key = (each.domain, each.name, each.overload)
        if each.domain in STANDARD:
            raise ImportRefused(
                f"its function {each.name} takes the place of an operator of ONNX, which is not"
                " supported: export it without functions"
            )
        if key in found:
            raise ImportRefused(f"it defines its function {each.name} twice: the file is damaged")
        found[key] = each
    return found


def _count(
    node: NodeProto,
    functions: Mapping[Key, FunctionProto],
    counts: dict[Key, int],
    callers: tuple[Key, ...],
) -> int:
    key = (node.domain, node.op_type, node.overload)
    if key not in functions:
        return 1
    if key in callers or len(callers) > _MOST_DEPTH:
        raise ImportRefused(
            f"its functions call each other without an end ({node.op_type}), or nest over"
            f" {_MOST_DEPTH} deep: export it without functions"
        )
    if key not in counts:
        inner = functions[key].node
        counts[key] = sum(_count(each, functions, counts, (*callers, key)) for each in inner)
    return counts[key]
