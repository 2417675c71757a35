"""The steps of an import, each run in a child process of its own (:mod:`sandbox`).

Files pass from step to step in one folder: ``net.onnx`` is the foreign network, ``model.onnx`` the
network with a contract.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from math import lcm
from pathlib import Path
from typing import Any

from sr_batch.core.cpu import cores
from sr_batch.core.model_spec import Color, ModelSpec
from sr_batch.importing import onnx_file
from sr_batch.importing.certify import certify
from sr_batch.importing.color_shift import is_shift, mean_shift
from sr_batch.importing.graph_check import check_graph
from sr_batch.importing.graph_reach import Field, field_of
from sr_batch.importing.kinds import Kind, kind_of, ncnn_param
from sr_batch.importing.ncnn.to_onnx import convert as convert_ncnn
from sr_batch.importing.net_format import NetFormat, border_of
from sr_batch.importing.net_runtime import open_net
from sr_batch.importing.probe import Measured, padded, probe
from sr_batch.importing.store import MODEL
from sr_batch.importing.wrap import wrap

Step = Callable[[Path, Mapping[str, Any]], Mapping[str, Any]]
"""Works in a folder on a request; both it and the answer are JSON objects."""

CONVERTED, NET = "converted.onnx", "net.onnx"
# A network that is too slow to measure gets at most this overlap, even if it reaches further.
# Real-ESRGAN's x4plus reaches 349 pixels. In a photograph its tiles differ from the whole by
# up to 32 levels with an overlap of 8 (34.6 dB), 26 with 16 (38.5 dB).
_ASSUMED_OVERLAP = 32
_REACH_SECONDS = 15.0  # of the time of a step; where it takes longer, the graph must do
_SHIFT_SIDE = 64  # LR pixels of the picture whose colors are compared
# For a network that sees the whole picture, no overlap is enough; this one hides most.
_WHOLE_OVERLAP = 32


def convert(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Write the network in the file ``source`` to ``net.onnx``, unless it takes torch to read it.

    Returns:
        The kind of the file, and whether :func:`convert_torch` must go on.
    """
    source = Path(request["source"])
    kind = kind_of(source)
    if kind is Kind.ONNX:
        onnx_file.convert(source, folder / NET)
    elif kind is Kind.NCNN:
        convert_ncnn(ncnn_param(source), folder / CONVERTED)
        onnx_file.convert(folder / CONVERTED, folder / NET)
    return {"kind": kind.value, "torch": kind in (Kind.TORCH, Kind.SAFETENSORS)}


def convert_torch(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Write the network whose weights are in the file ``source`` to ``net.onnx``.

    Returns:
        What sides must be multiples of, because the export agreed with PyTorch there.
    """
    from sr_batch.importing.weights.convert import convert as convert_weights

    converted = convert_weights(Path(request["source"]), folder / CONVERTED)
    onnx_file.convert(folder / CONVERTED, folder / NET)
    return {"multiple": converted.multiple}


def measure(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Probe ``net.onnx`` and write ``model.onnx``.

    Returns what was measured, and as ``graph`` the receptive field that is assumed from the graph
    where measuring it would take too long.

    ``request`` has the ``range`` of the network's values, or None to measure it, whether its
    colors are in the order ``bgr``, and a ``multiple`` that its sides must have, if one is known.

    Raises:
        ImportRefused: without a file name.
    """
    model = onnx_file.read_model(folder / NET)
    port = check_graph(model)
    call = open_net(folder / NET, port.name, cores())
    measured = probe(call, port, request["range"], _REACH_SECONDS * cores())
    measured = replace(measured, format=replace(measured.format, bgr=request["bgr"]))
    if not measured.lacking and not measured.remainder and not measured.window:
        # Other sides may work, too, but only there did the export agree with PyTorch.
        measured = replace(measured, multiple=lcm(measured.multiple, request.get("multiple", 1)))
    field = None if measured.reach else field_of(model, port)
    spec = _spec(measured, field)
    onnx_file.write_model(wrap(model, spec, measured.format, measured.border), folder / MODEL)
    return asdict(measured) | {"graph": asdict(field) if field else None}


def certify_model(folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run ``model.onnx`` in the engine, and correct its contract.

    ``request`` has what was ``measured``, and the ``name`` and ``licence`` of the model.

    Raises:
        ImportRefused: without a file name.
    """
    measured = request["measured"]
    model, net = onnx_file.read_model(folder / MODEL), onnx_file.read_model(folder / NET)
    call = open_net(folder / NET, check_graph(net).name, cores())
    border = border_of(*(measured[key] for key in ("scale", "lacking", "multiple", "remainder")))
    bare = padded(call, NetFormat(**measured["format"]), measured["scale"], border)
    usual = max(_SHIFT_SIDE, measured["least"])
    width = measured["window"] or -(-usual // measured["multiple"]) * measured["multiple"]
    height = measured["window_rows"] or width
    shift = mean_shift(bare, measured["format"]["channels"], height, width)
    # A network of scale 1 may be made to change colors.
    locked = is_shift(shift) and measured["scale"] > 1

    def rewrite(spec: ModelSpec) -> None:
        named = replace(spec, name=request["name"], licence=request["licence"], color_lock=locked)
        onnx_file.set_contract(model, named)
        onnx_file.write_model(model, folder / MODEL)

    certified = certify(folder / MODEL, bare, rewrite, measured["reach"] is not None)
    return certified | {"shift": shift, "color_lock": locked}


def _spec(measured: Measured, field: Field | None) -> ModelSpec:
    color: Color = "rgb" if measured.format.channels == 3 else "y"
    reach = measured.reach or field
    whole = reach is not None and reach.whole
    overlap = measured.reach.overlap if measured.reach else _ASSUMED_OVERLAP
    if field and not whole:
        overlap = min(field.reach, overlap)
    if whole:
        overlap = _WHOLE_OVERLAP
    if measured.window:
        overlap = min(overlap, min(measured.window, measured.window_rows or measured.window) // 4)
    return ModelSpec(
        name="imported",
        arch="imported",
        scale=measured.scale,
        color=color,
        multiple=measured.multiple,
        receptive_field=max(4 * overlap, 2 * field.reach if field else 0) + 1,
        overlap=overlap,
        precision="fp32",
        protocol="none",
        licence="unknown",
        data="unknown",
        commit="none",
        window=measured.window,
        window_rows=measured.window_rows,
        least_side=measured.least,
        whole=whole,
    )


def make_int8(folder: Path, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """See :func:`sr_batch.importing.quantize_steps.make_int8`."""
    from sr_batch.importing import quantize_steps  # what it imports takes long, and few need it

    return quantize_steps.make_int8(folder, request)


def judge_int8(folder: Path, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """See :func:`sr_batch.importing.quantize_steps.judge_int8`."""
    from sr_batch.importing import quantize_steps

    return quantize_steps.judge_int8(folder, request)


STEPS: Mapping[str, Step] = {
    "convert": convert,
    "convert_torch": convert_torch,
    "measure": measure,
    "certify": certify_model,
    "make_int8": make_int8,
    "judge_int8": judge_int8,
}
