"""Finds exported networks by the names of their files: ``NAME_xS.onnx``, ``NAME_xS_int8.onnx``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sr_batch.core.errors import UnknownModel, did_you_mean
from sr_batch.core.model_spec import Precision
from sr_batch.inference.onnx_session import read_spec

_NAME = re.compile(r"(?P<name>.+)_x(?P<scale>[1-9]\d*)(_(?P<precision>int8|fp16))?")
_HERE = Path(__file__).parents[1]
# In a wheel the networks lie inside the package, in a checkout beside it.
_FOLDERS = (_HERE / "exported", _HERE.parent / "exported")


@dataclass(frozen=True)
class ModelFile:
    """One exported network.

    Attributes:
        name: Of its family, as in ``--model``.
        scale: Its factor.
        precision: ``fp32``, ``fp16`` or ``int8``.
        path: Of the ONNX file.
    """

    name: str
    scale: int
    precision: str
    path: Path


def find_models() -> tuple[ModelFile, ...]:
    """All networks there are, by name, scale and precision; nothing is opened."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    paths = folder.glob("*.onnx") if folder else ()
    found = [model for path in paths if (model := _from_name(path))]
    return tuple(sorted(found, key=lambda model: (model.name, model.scale, model.precision)))


def choose(name: str, precision: Precision = "fp32") -> dict[int, ModelFile]:
    """The network of each scale in the family ``name``, or the one in the file ``name``.

    Args:
        name: Of a family, or a path that ends in ``.onnx``, whatever its precision.
        precision: Of the family's files.

    Raises:
        UnknownModel: there is none; the message lists what there is, the nearest name first.
    """
    if name.endswith(".onnx"):
        spec = read_spec(Path(name))
        return {spec.scale: ModelFile(spec.name, spec.scale, spec.precision, Path(name))}
    models = find_models()
    family = [model for model in models if model.name == name]
    if not family:
        raise UnknownModel(f"no model is called {name}: {_offer(name, models)}")
    chosen = {model.scale: model for model in family if model.precision == precision}
    if not chosen:
        there = ", ".join(sorted({model.precision for model in family}))
        raise UnknownModel(f"--precision {precision}: {name} is there in {there}")
    return chosen


def in_full(model: ModelFile) -> Path | None:
    """The fp32 twin that lies beside a network of lower precision; None where there is none."""
    twin = model.path.with_name(model.path.name.replace(f"_{model.precision}.onnx", ".onnx"))
    return twin if twin != model.path and twin.is_file() else None


def _from_name(path: Path) -> ModelFile | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return ModelFile(match["name"], int(match["scale"]), match["precision"] or "fp32", path)


def _offer(name: str, models: Iterable[ModelFile]) -> str:
    families: dict[str, dict[int, None]] = {}
    for model in models:
        families.setdefault(model.name, {})[model.scale] = None
    if not families:
        return "there are none; export one, or give the path of an .onnx file"
    question = did_you_mean(name.lower(), families, cutoff=0.5)
    listed = [f"{each} ({', '.join(f'x{s}' for s in families[each])})" for each in families]
    return f"{question}There are {', '.join(listed)}"
