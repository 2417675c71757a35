"""Rewrite, export, certify, measure and describe one trained network: all that is shipped."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx

from sr_batch.contract import ModelSpec
from sr_batch.onnx_session import OnnxSession
from training import card, certify, cost, sheet
from training.checkpoint import State
from training.curve import draw_curve
from training.data import Color, list_images, read_rgb, to_color
from training.evaluate import SETS, bicubic_scores, evaluate_folder
from training.export import to_onnx, write
from training.models import MODELS, configure
from training.recipe import Recipe
from training.resize import crop_to_multiple, downscale
from training.rewrite import rewrite
from training.trained import draft_spec, network


@dataclass(frozen=True)
class Shipment:
    """Where the images are, and where the file and its card go."""

    data: Path
    exported: Path
    workers: int


def ship(recipe: Recipe, weights: State, metrics: Path, where: Shipment) -> ModelSpec:
    """Write NAME_xS.onnx, .md, .png and .jpg of ``recipe`` and return what was measured.

    Raises:
        NotCertified: the file differs from the trained network; nothing is left behind.
    """
    stem = f"{recipe.model}_x{recipe.scale}"
    path = where.exported / f"{stem}.onnx"
    draft = path.with_suffix(".draft.onnx")
    net = rewrite(network(recipe, weights))
    color = configure(recipe.model, recipe.scale, recipe.model_options).color
    channels = 3 if color == "rgb" else 1
    spec = draft_spec(recipe, certify.receptive_field(net, channels))
    try:
        write(model := to_onnx(net, channels), spec, draft)
        session = OnnxSession.open(draft)
        parity = certify.require_parity(net, session, channels)
        images = _overlap_images(where.data, recipe.scale, color)
        overlap = certify.measure_overlap(session, images, spec.full_overlap)
        scores = measure(draft, where.data, where.workers)
        spec = replace(spec, overlap=overlap, scores=scores)
        write(model, spec, path)
    finally:
        draft.unlink(missing_ok=True)
    facts = _facts(model, spec.scale, parity, path, where.data)
    curve = path.with_suffix(".png")
    draw_curve(metrics, curve, f"{recipe.model} x{recipe.scale}")
    examples = path.with_suffix(".jpg")
    sheet.draw(sheet.EXAMPLES, session, examples)
    about = MODELS[recipe.model].about
    card.write_card(
        path.with_suffix(".md"), spec, about, recipe, facts, card.Pictures(curve, examples)
    )
    return spec


def _overlap_images(data: Path, scale: int, color: Color, count: int = 6) -> Sequence[np.ndarray]:
    """LR crops of validation photographs, evenly spread over the set, at most 160 pixels a side."""
    paths = list_images([data / "valid"])
    chosen = paths[:: len(paths) // count][:count]
    images = []
    for path in chosen:
        seen = to_color(read_rgb(path), color)
        hr = crop_to_multiple(seen[: 160 * scale, : 160 * scale], scale)
        images.append(downscale(hr, scale).round().clamp(0, 255).numpy() / 255)
    return images


def measure(path: Path, data: Path, workers: int) -> dict[str, tuple[float, float]]:
    """(PSNR-Y, SSIM) of the exported file at ``path`` on every standard set under ``data``."""
    session = OnnxSession.open(path)

    def upscaler(lr: np.ndarray) -> np.ndarray:
        return session(lr[None])[0]

    scores = {}
    for name in SETS:
        folder = data / "eval" / name
        score = evaluate_folder(folder, session.spec.scale, session.spec.color, upscaler, workers)
        scores[name] = (round(score.psnr, 3), round(score.ssim, 4))
    return scores


def _facts(model: onnx.ModelProto, scale: int, parity: float, path: Path, data: Path) -> card.Facts:
    return card.Facts(
        parameters=cost.parameters(model),
        gmacs_720p=cost.multiply_adds_720p(model, scale) / 1e9,
        lr_megapixels_per_second=cost.SIDE**2 / cost.seconds([path])[path.stem] / 1e6,
        processor=platform.processor() or platform.machine(),
        parity=parity,
        bytes=path.stat().st_size,
        bicubic=bicubic_scores(data, scale),
    )
