"""Records outputs of trained networks, so that exported files can be checked without torch."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from sr_batch.core.model_spec import ModelSpec, Precision
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.recorded_outputs import (
    TOLERANCE,
    Record,
    largest_difference,
    load_record,
    record_path,
)
from training.data.pictures import Color, read_rgb, to_color
from training.evaluate.contact_sheet import EXAMPLES
from training.models.rewrite import rewrite
from training.recipes import RECIPES
from training.release.certify import NotCertified
from training.run.checkpoint import load_weights
from training.run.trained_network import network

_NOISE_SIZES = ((1, 1), (2, 3), (7, 5))
_TOP, _LEFT, _HEIGHT, _WIDTH = 100, 200, 16, 20  # part of a face: sharp and soft details


@torch.inference_mode()
def record(net: nn.Module, color: Color, precision: Precision = "fp32") -> Record:
    """The outputs of ``net`` for a crop of a photograph and for noise of odd sizes.

    For int8 the record has only the photograph, because photographs set its ranges.
    """
    noise = [] if precision == "int8" else [*_noise(1 if color == "y" else 3)]
    inputs = [*noise, _photograph(color)]
    return [(given, net(torch.from_numpy(given)).numpy()) for given in inputs]


def record_of(path: Path, runs: Path, kept: Path) -> tuple[str, Record]:
    """The recipe that the exported file at ``path`` was made from, and its recorded outputs.

    Raises:
        NotCertified: no weights in ``runs`` or ``kept`` give the output of the file.
    """
    session = OnnxSession.open(path)
    nearest, worst = None, TOLERANCE[session.spec.precision]
    for name, net in _candidates(session.spec, runs, kept):
        made = record(net, session.spec.color, session.spec.precision)
        difference = largest_difference(session, made)
        if difference <= worst:
            nearest, worst = (name, made), difference
    if nearest is None:
        raise NotCertified(
            f"{path}: no weights in {runs} or {kept} give the output of this file; export it again"
        )
    return nearest


def fits_its_record(path: Path) -> bool:
    """Whether the file at ``path`` has a record and gives the outputs in it."""
    if not record_path(path).exists():
        return False
    session = OnnxSession.open(path)
    difference = largest_difference(session, load_record(record_path(path)))
    return difference <= TOLERANCE[session.spec.precision]


def _candidates(spec: ModelSpec, runs: Path, kept: Path) -> Iterator[tuple[str, nn.Module]]:
    """Recipe and network of all weights that the file may have been exported from."""
    for name, recipe in RECIPES.items():
        scales = (recipe.scale, *recipe.scales)
        kind = (recipe.model, recipe.quantized)
        if spec.scale in scales and kind == (spec.arch, spec.precision == "int8"):
            try:
                weights = load_weights(name, runs, kept)
            except FileNotFoundError:
                continue
            yield name, rewrite(network(replace(recipe, scale=spec.scale), weights))


def _noise(channels: int) -> Iterator[np.ndarray]:
    random = np.random.default_rng(0)
    for height, width in _NOISE_SIZES:
        yield random.random((1, channels, height, width), np.float32)


def _photograph(color: Color) -> np.ndarray:
    seen = to_color(read_rgb(EXAMPLES[0]), color)
    crop = seen[_TOP : _TOP + _HEIGHT, _LEFT : _LEFT + _WIDTH]
    return np.ascontiguousarray(crop.transpose(2, 0, 1)[None].astype(np.float32) / 255)
