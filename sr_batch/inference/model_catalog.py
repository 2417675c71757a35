"""Finds exported networks by their file names: ``NAME_xS.onnx``, ``NAME_xS_int8.onnx``."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from filecmp import cmp
from hashlib import sha256
from pathlib import Path

from sr_batch.core.errors import UnknownModel, no_such_model
from sr_batch.core.model_spec import Precision, PrecisionChoice, from_metadata
from sr_batch.inference.network_blend import blend
from sr_batch.inference.onnx_metadata import read_metadata
from sr_batch.inference.onnx_session import read_spec
from sr_batch.inference.user_models import is_added, require_unchanged, user_models

# PSNR-Y in dB on any set that `--precision auto` gives away for speed.
MOST_LOSS = 0.1

_NAME = re.compile(r"(?P<name>.+)_x(?P<scale>[1-9]\d*)(_(?P<precision>int8|fp16))?")
_HERE = Path(__file__).parents[1]
# In a wheel the networks are inside the package, in a checkout beside it.
_FOLDERS = (_HERE / "exported", _HERE.parent / "exported")


@dataclass(frozen=True)
class Blend:
    """What a network is blended with: the file of strength 0, and the strength."""

    weak: Path
    strength: float


@dataclass(frozen=True)
class ModelFile:
    """One exported network, or a blend of two.

    Attributes:
        name: Name of its family, as in ``--model``.
        scale: Output side / input side.
        precision: ``fp32``, ``fp16`` or ``int8``.
        path: The ONNX file; of a blend, that of strength 1.
        blend: None for a network that is used as it is.
    """

    name: str
    scale: int
    precision: str
    path: Path
    blend: Blend | None = None

    def content(self) -> bytes | None:
        """The blended network as an ONNX file; None if it is the one at ``path``.

        Raises:
            UnknownModel: the two networks cannot be blended.
        """
        if self.blend is None:
            return None
        return blend(self.blend.weak, self.path, self.blend.strength)

    def digest(self) -> str:
        """SHA-256 of the file; of a blend, of both files, and the strength."""
        own = sha256(self.path.read_bytes()).hexdigest()
        if self.blend is None:
            return own
        weak = sha256(self.blend.weak.read_bytes()).hexdigest()
        return f"{weak} {own} strength {self.blend.strength:g}"


def find_models() -> tuple[ModelFile, ...]:
    """The networks of sr-batch, sorted by name, scale and precision. Opens no file."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    paths = folder.glob("*.onnx") if folder else ()
    found = [model for path in paths if (model := _from_name(path))]
    return tuple(sorted(found, key=lambda model: (model.name, model.scale, model.precision)))


def all_models() -> tuple[ModelFile, ...]:
    """As :func:`find_models`, and then those that the user added."""
    added = (ModelFile(each.name, each.scale, each.precision, each.path) for each in user_models())
    return (*find_models(), *added)


def is_shipped(path: Path) -> bool:
    """Whether ``path`` is a network of sr-batch, or a copy of one."""
    twins = [each.path for each in find_models() if each.path.name == path.name]
    return any(path.resolve() == twin.resolve() or cmp(path, twin, shallow=False) for twin in twins)


def choose(
    name: str, precision: PrecisionChoice = "fp32", fastest: Precision = "fp32"
) -> dict[int, ModelFile]:
    """The networks of the family ``name`` by scale, or the one in the file ``name``.

    Args:
        name: Name of a family, or a path that ends in ``.onnx``.
        precision: Chooses among the files of a family; a path may have any precision. ``auto``
            takes the ``fastest`` for each scale where its file loses at most `MOST_LOSS`, and fp32
            elsewhere.
        fastest: The precision that the device computes fastest.

    Raises:
        UnknownModel: no such network; the message suggests a name and lists the families.
    """
    if name.endswith(".onnx"):
        if is_added(Path(name)):
            require_unchanged(Path(name))
        spec = read_spec(Path(name))
        return {spec.scale: ModelFile(spec.name, spec.scale, spec.precision, Path(name))}
    models = all_models()
    family = [model for model in models if model.name == name]
    if not family:
        raise _unknown(name, models)
    for path in (model.path for model in family if is_added(model.path)):
        require_unchanged(path)
    if precision == "auto":
        return {scale: _best(family, scale, fastest) for scale in _scales(family)}
    chosen = {model.scale: model for model in family if model.precision == precision}
    if not chosen:
        raise no_such_precision(name, precision, {model.precision for model in family})
    return chosen


def no_such_precision(name: str, precision: str, there: Iterable[str]) -> UnknownModel:
    """The error about a ``precision`` that the model ``name`` lacks; it is ``there`` in others."""
    only = " and ".join(sorted(there))
    return UnknownModel(f"{name} has no {precision} file, only {only}; leave out --precision")


def _scales(family: Iterable[ModelFile]) -> list[int]:
    return sorted({model.scale for model in family})


def _best(family: Iterable[ModelFile], scale: int, fastest: Precision) -> ModelFile:
    """The file that ``auto`` takes; any other one if the family has neither it nor fp32."""
    files = {model.precision: model for model in family if model.scale == scale}
    wanted = files.get(fastest)
    if wanted and _loses_little(wanted, files):
        return wanted
    return files.get("fp32") or next(iter(files.values()))


def _loses_little(model: ModelFile, files: Mapping[str, ModelFile]) -> bool:
    """Whether the contracts of ``model`` and of its fp32 file say that it loses little."""
    full = files.get("fp32")
    if full is None or full == model:
        return full == model
    if is_added(model.path):  # an int8 file that loses more is not kept
        return True
    with suppress(ValueError, OSError):  # what is wrong with a file is said when it is opened
        spec, of_full = (from_metadata(read_metadata(each.path)) for each in (model, full))
        loss = spec.loss_against(of_full)
        return loss is not None and round(loss, 6) <= MOST_LOSS
    return False


def files_of(name: str) -> tuple[ModelFile, ...]:
    """The networks of the family ``name`` in every scale and precision, or the file ``name``.

    Raises:
        UnknownModel: as :func:`choose`.
    """
    family = tuple(model for model in all_models() if model.name == name)
    return family or tuple(choose(name).values())


def fp32_twin(model: ModelFile) -> ModelFile | None:
    """The network in fp32, from the files beside those of lower precision; None without them."""
    path = _fp32_beside(model.path, model.precision)
    weak = model.blend and _fp32_beside(model.blend.weak, model.precision)
    if path is None or (model.blend and weak is None):
        return None
    mixed = Blend(weak, model.blend.strength) if model.blend and weak else None
    return replace(model, precision="fp32", path=path, blend=mixed)


def _fp32_beside(path: Path, precision: str) -> Path | None:
    twin = path.with_name(path.name.replace(f"_{precision}.onnx", ".onnx"))
    return twin if twin != path and twin.is_file() else None


def _from_name(path: Path) -> ModelFile | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return ModelFile(match["name"], int(match["scale"]), match["precision"] or "fp32", path)


def _unknown(name: str, models: Iterable[ModelFile]) -> UnknownModel:
    families: dict[str, dict[int, None]] = {}
    for model in models:
        families.setdefault(model.name, {})[model.scale] = None
    if not families:
        return UnknownModel(
            f"there is no model {name}: no models are installed; export one, or give the path of an"
            " .onnx file"
        )
    listed = [f"{each} ({', '.join(f'x{s}' for s in families[each])})" for each in families]
    return no_such_model(name, families, listed)
