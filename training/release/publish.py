"""Everything between trained weights and the released files of one network.

Rewrite, export, certify, measure, and write the card with its pictures.
"""

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
from torch import nn

from sr_batch.bench.quality import Score
from sr_batch.core.errors import UsageError
from sr_batch.core.model_spec import ModelSpec, Precision
from sr_batch.inference.model_memory import pixel_bytes
from sr_batch.inference.onnx_session import OnnxSession, read_spec
from sr_batch.inference.recorded_outputs import record_path, save_record
from training.data.lr_crops import calibration, lr_crops
from training.data.pictures import list_images
from training.evaluate import contact_sheet, cost
from training.evaluate.protocol import protocol_of
from training.evaluate.standard_sets import rounded
from training.models import MODELS
from training.models.layers import rounded_layers
from training.models.rewrite import rewrite
from training.quantize.onnx_precision import to_fp16, to_int8
from training.recipes.recipe import Recipe, at_each_scale
from training.release import certify, model_card
from training.release.basis import Basis
from training.release.contract import draft_spec
from training.release.onnx_export import to_onnx, write
from training.release.record_outputs import record
from training.release.tile_overlap import measure_overlap, receptive_field
from training.release.trained_run import TrainedRun
from training.release.training_section import training_section
from training.release.verify_bound import least_consistency
from training.run.curve import draw_curve
from training.run.run_data import measured_on, run_data
from training.run.trained_network import network

_TILED = 12  # photographs that the overlap is measured on


@dataclass(frozen=True)
class ReleaseSetting:
    """Where files are written, and how they are measured.

    Attributes:
        data: Folder of the image sets.
        exported: Folder of the files and cards.
        workers: Pictures measured at a time.
        replace: Whether existing files are replaced.
    """

    data: Path
    exported: Path
    workers: int
    replace: bool = False


@dataclass(frozen=True)
class _Released:
    """A written file, and what was measured on it."""

    path: Path
    spec: ModelSpec
    bicubic: Mapping[str, Score]  # on each standard set


def publish(trained: TrainedRun, name: str, setting: ReleaseSetting) -> dict[str, ModelSpec]:
    """Write the ONNX files of a run at each scale, with cards, pictures and recorded outputs.

    A recipe for int8 gives NAME_xS_int8, any other NAME_xS and NAME_xS_fp16.

    Args:
        trained: The weights, and how they were trained.
        name: Name of the network, as in ``--model``.
        setting: Where to write, and how to measure.

    Returns:
        The contract of each file, by its stem.

    Raises:
        UsageError: a file exists already, or the fp32 file that int8 is compared with does not, or
            was measured on other sets.
        NotCertified: a file differs too much from the trained network; it is removed.
    """
    recipes = [*at_each_scale(trained.recipe)]
    for recipe in recipes:
        _require_place(recipe, name, setting)
    specs: dict[str, ModelSpec] = {}
    for recipe in recipes:
        specs |= _publish(replace(trained, recipe=recipe), name, setting)
    return specs


def _publish(trained: TrainedRun, name: str, setting: ReleaseSetting) -> dict[str, ModelSpec]:
    recipe = trained.recipe
    net = rewrite(network(recipe, trained.weights))
    spec = _known_spec(net, trained, name)
    model = to_onnx(net, spec.channels)
    with _drafted(model, spec, setting) as path:
        parity = certify.require_parity(net, OnnxSession.open(path), spec.channels)
    basis, specs = Basis(measured_on(recipe, setting.data), protocol_of(recipe)), {}
    for precision, variant in _variants(model, net, recipe, spec, setting).items():
        released = _release(variant, replace(spec, precision=precision), setting, basis)
        _describe(released, trained, parity, setting)
        if precision != "fp16":
            save_record(record_path(released.path), record(net, spec.color, precision))
        specs[released.path.stem] = released.spec
    return specs


def _require_place(recipe: Recipe, name: str, setting: ReleaseSetting) -> None:
    """No file is replaced unasked, and int8 has the fp32 file that it is compared with."""
    stem = f"{name}_x{recipe.scale}"
    fp32 = setting.exported / f"{stem}.onnx"
    suffixes = ("_int8",) if recipe.quantized else ("", "_fp16")
    existing = [fp32.with_name(f"{stem}{suffix}.onnx") for suffix in suffixes]
    for path in existing:
        if path.exists() and not setting.replace:
            raise UsageError(
                f"{path}: exists already; export under another name with --as NAME, or replace it "
                "with --replace"
            )
    if recipe.quantized and not fp32.exists():
        raise UsageError(f"{fp32}: int8 is compared with this file; export it in fp32 first")
    setting.exported.mkdir(parents=True, exist_ok=True)


def _known_spec(net: nn.Module, trained: TrainedRun, name: str) -> ModelSpec:
    """With an overlap that is certainly enough, until the smallest one is measured."""
    pictures = trained.record.pictures if trained.record else None
    draft = draft_spec(trained.recipe, name, pictures)
    spec = replace(draft, receptive_field=receptive_field(net, draft.channels))
    return replace(spec, overlap=spec.full_overlap)


def _variants(
    model: onnx.ModelProto, net: nn.Module, recipe: Recipe, spec: ModelSpec, setting: ReleaseSetting
) -> dict[Precision, onnx.ModelProto]:
    if not recipe.quantized:
        return {"fp32": model, "fp16": to_fp16(model)}
    files, lr_of = run_data(recipe, setting.data).files, protocol_of(recipe).lr_of
    images = calibration(files, spec.scale, spec.color, lr_of)
    return {"int8": to_int8(model, rounded_layers(net, recipe.unrounded), images)}


def _release(
    model: onnx.ModelProto, spec: ModelSpec, setting: ReleaseSetting, basis: Basis
) -> _Released:
    """Measure ``model``, compare it with the fp32 file if it is a variant, and write it."""
    with _drafted(model, spec, setting) as draft:
        session = OnnxSession.open(draft)
        pictures = [each.hr for each in basis.own] or list_images([setting.data / "valid"])
        images = lr_crops(pictures, _TILED, spec.scale, spec.color, basis.protocol.lr_of)
        judged = basis.judged(session, setting.data, setting.workers)
        spec = replace(
            spec,
            protocol=basis.text,
            overlap=measure_overlap(session, images, spec.full_overlap),
            scores=rounded(judged),
            consistency=least_consistency(session, images),
            pixel_bytes=pixel_bytes(draft),
        )
    if spec.precision != "fp32":
        certify.require_quality(spec, read_spec(_fp32_path(spec, setting)))
    path = _path(spec, setting)
    write(model, spec, path)
    return _Released(path, spec, {name: each.bicubic for name, each in judged.items()})


def _describe(
    released: _Released, trained: TrainedRun, parity: float, setting: ReleaseSetting
) -> None:
    """Write the card, the curve and the contact sheet. The card of fp16 shows those of fp32."""
    path, spec = released.path, released.spec
    fp32 = _fp32_path(spec, setting)
    pictured = fp32 if spec.precision == "fp16" else path
    pictures = model_card.Pictures(pictured.with_suffix(".png"), pictured.with_suffix(".jpg"))
    if pictured == path:
        draw_curve(trained.metrics, pictures.curve, path.stem.replace("_", " "))
        session = OnnxSession.open(path)
        protocol = protocol_of(trained.recipe)
        contact_sheet.draw(contact_sheet.EXAMPLES, session, pictures.examples, protocol)
    facts = _facts(released, parity, read_spec(fp32).scores)
    about = MODELS[spec.arch].about
    training = training_section(trained.recipe, trained.record)
    model_card.write_card(path.with_suffix(".md"), spec, about, training, facts, pictures)


def _facts(
    released: _Released, parity: float, fp32: Mapping[str, tuple[float, float]]
) -> model_card.Facts:
    path = released.path
    model = onnx.load(path)
    return model_card.Facts(
        parameters=cost.parameters(model),
        gmacs_720p=cost.multiply_adds_720p(model, released.spec.scale) / 1e9,
        lr_megapixels_per_second=cost.SIDE**2 / cost.seconds([path])[path.stem] / 1e6,
        processor=platform.processor() or platform.machine(),
        parity=parity,
        bytes=path.stat().st_size,
        bicubic=released.bicubic,
        fp32=fp32,
    )


def _path(spec: ModelSpec, setting: ReleaseSetting) -> Path:
    suffix = "" if spec.precision == "fp32" else f"_{spec.precision}"
    return setting.exported / f"{spec.name}_x{spec.scale}{suffix}.onnx"


def _fp32_path(spec: ModelSpec, setting: ReleaseSetting) -> Path:
    return _path(replace(spec, precision="fp32"), setting)


@contextmanager
def _drafted(model: onnx.ModelProto, spec: ModelSpec, setting: ReleaseSetting) -> Iterator[Path]:
    """``model`` as a temporary file, to be measured."""
    path = setting.exported / f"{spec.name}_x{spec.scale}.draft.onnx"
    try:
        write(model, spec, path)
        yield path
    finally:
        path.unlink(missing_ok=True)
