"""Rewrite, export, certify, measure and describe one trained network: all that is shipped."""

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
from torch import nn

from sr_batch.core.model_spec import ModelSpec, Precision
from sr_batch.inference.model_memory import pixel_bytes
from sr_batch.inference.onnx_session import OnnxSession, read_spec
from sr_batch.inference.recorded_outputs import record_path, save_record
from training.data.corpus import list_images
from training.evaluate import contact_sheet, cost
from training.evaluate.perceptual import calibration, least_consistency, lr_crops, score_file
from training.evaluate.standard_sets import Score, bicubic_scores
from training.models import MODELS
from training.models.layers import rounded_layers
from training.models.rewrite import rewrite
from training.quantize.onnx_precision import to_fp16, to_int8
from training.recipes.recipe import Recipe
from training.release import certify, model_card
from training.release.onnx_export import to_onnx, write
from training.release.record_outputs import record
from training.run.checkpoint import State
from training.run.curve import draw_curve
from training.run.trained_network import draft_spec, network

_TILED = 6  # photographs that measure overlaps


@dataclass(frozen=True)
class Shipment:
    """Where the images are, and where the files and their cards go."""

    data: Path
    exported: Path
    workers: int


def ship(recipe: Recipe, weights: State, metrics: Path, where: Shipment) -> dict[str, ModelSpec]:
    """Write the ONNX files of ``recipe``, each with its card, pictures and recorded outputs.

    They are NAME_xS and NAME_xS_fp16, or NAME_xS_int8 of a recipe that was trained for it.
    Returns what was measured, by these stems.

    Raises:
        NotCertified: a file differs too much from the trained network; it is not left behind.
    """
    net = rewrite(network(recipe, weights))
    draft = draft_spec(recipe)
    spec = replace(draft, receptive_field=certify.receptive_field(net, draft.channels))
    model = to_onnx(net, spec.channels)
    with _drafted(model, spec, where) as path:
        parity = certify.require_parity(net, OnnxSession.open(path), spec.channels)
    bicubic = bicubic_scores(where.data, spec.scale)
    shipped = {}
    for precision, variant in _variants(model, net, recipe, spec, where).items():
        path, measured = _release(variant, replace(spec, precision=precision), where)
        _describe(path, measured, recipe, metrics, _Known(parity, bicubic), where)
        if precision != "fp16":
            save_record(record_path(path), record(net, spec.color, precision))
        shipped[path.stem] = measured
    return shipped


@dataclass(frozen=True)
class _Known:
    """What holds for a network in every precision."""

    parity: float
    bicubic: Mapping[str, Score]


def _variants(
    model: onnx.ModelProto, net: nn.Module, recipe: Recipe, spec: ModelSpec, where: Shipment
) -> dict[Precision, onnx.ModelProto]:
    if not recipe.quantized:
        return {"fp32": model, "fp16": to_fp16(model)}
    images = calibration(where.data, spec.scale, spec.color)
    return {"int8": to_int8(model, rounded_layers(net, recipe.unrounded), images)}


def _release(model: onnx.ModelProto, spec: ModelSpec, where: Shipment) -> tuple[Path, ModelSpec]:
    """Measure ``model``, compare it with the fp32 file it is a variant of, and write it."""
    with _drafted(model, spec, where) as draft:
        session = OnnxSession.open(draft)
        images = lr_crops(list_images([where.data / "valid"]), _TILED, spec.scale, spec.color)
        overlap = certify.measure_overlap(session, images, spec.full_overlap)
        likeness = least_consistency(session, images)
        scores = score_file(draft, where.data, where.workers)
        memory = pixel_bytes(draft)
    spec = replace(spec, overlap=overlap, scores=scores, consistency=likeness, pixel_bytes=memory)
    if spec.precision != "fp32":
        certify.require_quality(spec, read_spec(_path(replace(spec, precision="fp32"), where)))
    path = _path(spec, where)
    write(model, spec, path)
    return path, spec


def _describe(
    path: Path, spec: ModelSpec, recipe: Recipe, metrics: Path, known: "_Known", where: Shipment
) -> None:
    """The card, the curve and the contact sheet; those of fp32 are good for fp16, too."""
    fp32 = _path(replace(spec, precision="fp32"), where)
    pictured = fp32 if spec.precision == "fp16" else path
    pictures = model_card.Pictures(pictured.with_suffix(".png"), pictured.with_suffix(".jpg"))
    if pictured == path:
        draw_curve(metrics, pictures.curve, path.stem.replace("_", " "))
        contact_sheet.draw(contact_sheet.EXAMPLES, OnnxSession.open(path), pictures.examples)
    model = onnx.load(path)
    facts = model_card.Facts(
        parameters=cost.parameters(model),
        gmacs_720p=cost.multiply_adds_720p(model, spec.scale) / 1e9,
        lr_megapixels_per_second=cost.SIDE**2 / cost.seconds([path])[path.stem] / 1e6,
        processor=platform.processor() or platform.machine(),
        parity=known.parity,
        bytes=path.stat().st_size,
        bicubic=known.bicubic,
        fp32=read_spec(fp32).scores,
    )
    model_card.write_card(
        path.with_suffix(".md"), spec, MODELS[spec.arch].about, recipe, facts, pictures
    )


def _path(spec: ModelSpec, where: Shipment) -> Path:
    suffix = "" if spec.precision == "fp32" else f"_{spec.precision}"
    return where.exported / f"{spec.name}_x{spec.scale}{suffix}.onnx"


@contextmanager
def _drafted(model: onnx.ModelProto, spec: ModelSpec, where: Shipment) -> Iterator[Path]:
    """``model`` as a file, to be measured."""
    path = where.exported / f"{spec.name}_x{spec.scale}.draft.onnx"
    try:
        write(model, spec, path)
        yield path
    finally:
        path.unlink(missing_ok=True)
