"""Opens the networks that ``evaluate.photo_judge`` compares."""

from pathlib import Path

import numpy as np
import torch

from sr_batch.bench.quality import Enlarge
from sr_batch.inference.onnx_session import OnnxSession
from training.data.pictures import Color
from training.data.resize import upscale
from training.evaluate.photo_judge import Candidate
from training.models import BadConfig, configure
from training.models.ncnn_teacher import load_teacher
from training.recipes import RECIPES
from training.run import checkpoint
from training.run.places import Places
from training.run.record import find_record
from training.run.trained_network import network

BICUBIC = "bicubic"


def candidate(text: str, scale: int, places: Places) -> Candidate:
    """``bicubic``, an exported file, a teacher's .param, or the weights of a recipe.

    Raises:
        BadConfig: it is none of these, or of another scale, or a network for luma.
        UsageError: the files of a network are missing or damaged.
        FileNotFoundError: the recipe has no weights.
    """
    if text == BICUBIC:
        return Candidate(text, lambda lr: upscale(lr.transpose(1, 2, 0), scale).numpy())
    path = Path(text)
    if path.suffix == ".onnx":
        session = OnnxSession.open(path)
        _require_scale(text, session.spec.scale, scale)
        _require_color(text, session.spec.color)
        return Candidate(path.stem, lambda lr: session(lr[None])[0])
    if path.suffix == ".param":
        teacher = load_teacher(path)
        _require_scale(text, teacher.scale, scale)
        return Candidate(path.stem, _by_torch(teacher))
    record = find_record(text, places.runs, places.kept)
    plan = record.recipe if record else RECIPES.get(text)
    if plan is None or plan.scale != scale:
        raise BadConfig(f"{text}: neither {BICUBIC}, a .onnx, a .param nor a recipe of x{scale}")
    _require_color(text, configure(plan.model, plan.scale, plan.model_options).color)
    weights = checkpoint.load_weights(text, places.runs, places.kept)
    return Candidate(text, _by_torch(network(plan, weights)))


def _require_scale(text: str, scale: int, wanted: int) -> None:
    if scale != wanted:
        raise BadConfig(f"{text}: enlarges {scale} times; give --scale {scale}")


def _require_color(text: str, color: Color) -> None:
    if color != "rgb":
        raise BadConfig(f"{text}: works on luma; only networks for color are judged")


def _by_torch(net: torch.nn.Module) -> Enlarge:
    @torch.inference_mode()
    def enlarge(lr: np.ndarray) -> np.ndarray:
        return net(torch.from_numpy(lr)[None])[0].float().numpy()

    return enlarge
