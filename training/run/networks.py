"""Opens what ``evaluate`` and ``report`` compare: exported files, recipes and run folders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.session import Session
from training.evaluate import cost
from training.evaluate.protocol import DEFAULT, Protocol, protocol_of
from training.models import BadConfig, configure
from training.models.torch_session import TorchSession, unmeasured_spec
from training.recipes import RECIPES
from training.run import checkpoint
from training.run.places import Places
from training.run.record import find_record
from training.run.trained_network import network

_OVERLAP = 32  # LR pixels, more than the receptive field of most networks in training


@dataclass(frozen=True)
class Opened:
    """A network, its name in tables, its weights' number, and the protocol of its training."""

    name: str
    session: Session
    parameters: int
    protocol: Protocol = DEFAULT


def open_networks(texts: Sequence[str], places: Places) -> list[Opened]:
    """Like :func:`open_network`; networks of the same name get all of their text as their name."""
    opened = [open_network(text, places) for text in texts]
    counts = Counter(each.name for each in opened)
    return [
        each if counts[each.name] == 1 else replace(each, name=text.replace("/", "_"))
        for text, each in zip(texts, opened, strict=True)
    ]


def open_network(text: str, places: Places) -> Opened:
    """An exported file, or the weights of a recipe, which its run folder may name.

    A file says nothing of its degradation, so that it has the protocol of published tables.

    Raises:
        BadConfig: it is neither.
        UsageError: the file is missing or damaged.
        FileNotFoundError: the recipe has no weights.
    """
    path = Path(text)
    if path.suffix == ".onnx":
        return Opened(path.stem, OnnxSession.open(path), cost.parameters(onnx.load(path)))
    name, runs = (path.name, path.parent) if path.is_dir() else (text, places.runs)
    record = find_record(name, runs, places.kept)
    recipe = record.recipe if record else RECIPES.get(name)
    if recipe is None:
        raise BadConfig(f"{text}: neither a .onnx file nor a recipe nor the folder of a run")
    net = network(recipe, checkpoint.load_weights(name, runs, places.kept))
    color = configure(recipe.model, recipe.scale, recipe.model_options).color
    spec = replace(unmeasured_spec(recipe.model, recipe.scale, color), overlap=_OVERLAP)
    count = sum(tensor.numel() for tensor in net.parameters())
    return Opened(name, TorchSession(net, spec), count, protocol_of(recipe))
