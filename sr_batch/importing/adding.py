"""Adds a file of another project to the models of the user."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sr_batch.core.errors import ImageError, ImportRefused, UnknownModel
from sr_batch.files.reading import display_name, require_regular
from sr_batch.importing import store
from sr_batch.importing.net_format import Range
from sr_batch.importing.sandbox import run_step
from sr_batch.importing.store import MODEL
from sr_batch.inference.model_catalog import find_models, is_shipped
from sr_batch.inference.onnx_runtime import runtime_version
from sr_batch.inference.user_models import UserModel, is_added, user_models

# Three attempts, each with the limits of :mod:`weights.convert`.
_TORCH_SECONDS, _TORCH_MEMORY = 900.0, 4 << 30
SUFFIXES = (".onnx", ".param", ".bin", ".pth", ".pt", ".ckpt", ".safetensors")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}")
Notify = Callable[[str], None]


@dataclass(frozen=True)
class Wishes:
    """What the user says of a file.

    Attributes:
        name: The name of the model; by default that of the file.
        licence: The licence of its weights.
        range: The range of the network's values; None to measure it.
        bgr: Whether blue comes first.
    """

    name: str | None = None
    licence: str = "unknown"
    range: Range | None = None
    bgr: bool = False


def add(source: Path, wishes: Wishes, notify: Notify, make_unique: bool = False) -> UserModel:
    """Measure the network in ``source``, and keep it as a model.

    Args:
        source: An ONNX file, a state dict of PyTorch, or one of the two files of an ncnn network.
        wishes: What the user says of it.
        notify: Receives a line before each step.
        make_unique: Whether to put a part of its SHA-256 after a name that is taken.

    Raises:
        ImportRefused: it cannot become a model; the message says why, and what to do.
        UsageError: the name is taken.
    """
    try:
        require_regular(source)
        digest = content_of(source)
    except ImageError as fault:
        raise ImportRefused(str(fault)) from fault
    except OSError as fault:
        raise ImportRefused(f"{display_name(source)}: cannot be read: {fault.strerror}") from fault
    if wishes.name:
        _require_name(wishes.name)
    try:
        with store.work_folder() as folder:
            return _made(source.resolve(), digest, folder, wishes, notify, make_unique)
    except ImportRefused as refusal:
        raise ImportRefused(_about(source, str(refusal))) from refusal


def usable(model: str, notify: Notify) -> str:
    """What ``--model`` names, ready for use: a file of another project is added first.

    A contract in a file is believed only of networks of sr-batch, and of what was added.

    Args:
        model: The name of a family, or a file.
        notify: Receives lines about a file that is added.

    Returns:
        ``model``, or the path of the model that was made of it.

    Raises:
        UnknownModel: no such file.
        ImportRefused: as :func:`add`.
    """
    path = Path(model)
    if path.suffix.lower() not in SUFFIXES:
        return model
    if not path.is_file():
        raise UnknownModel(f"{path}: no such file; to list the models: sr-batch models list")
    if is_added(path) or is_shipped(path):
        return model
    known = store.find_source(content_of(path))
    if known:
        return str(known.path)
    added = add(path, Wishes(), notify, make_unique=True)
    notify(
        f"{path.name} is now the model {added.name}; to see what was measured: sr-batch models"
        f" show {added.name}"
    )
    return str(added.path)


def known_file(path: Path) -> str:
    """What :func:`usable` returns for a file, but nothing is added.

    Raises:
        UnknownModel: it is not a model yet.
    """
    if is_added(path) or is_shipped(path):
        return str(path)
    require_regular(path)
    known = store.find_source(content_of(path))
    if known is None:
        raise UnknownModel(f"{path} is not a model yet; to add it: sr-batch models add {path}")
    return str(known.path)


def content_of(source: Path) -> str:
    """The SHA-256 of a file, and of the weights beside it that belong to it."""
    digest = sha256(source.read_bytes())
    if source.suffix in (".param", ".bin"):
        other = source.with_suffix(".bin" if source.suffix == ".param" else ".param")
        if other.is_file():
            first, second = sorted((source, other))
            digest = sha256(first.read_bytes() + second.read_bytes())
    return digest.hexdigest()


def name_of(source: Path, scale: int) -> str:
    """The name for a file: its own, without its scale, and without what a shell would read."""
    stem = re.sub(rf"[-_.]?(x{scale}|{scale}x)$", "", source.stem, flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", stem).strip("-._+")[:80] or "model"


def _made(
    source: Path, digest: str, folder: Path, wishes: Wishes, notify: Notify, make_unique: bool
) -> UserModel:
    """Run the steps in ``folder``, and keep the model that is in it then."""
    kind = _converted(source, folder, notify)
    notify(f"{source.name}: measuring")
    measured = run_step("measure", folder, {"range": wishes.range, "bgr": wishes.bgr})
    scale = int(measured["scale"])
    name = wishes.name or name_of(source, scale)
    if make_unique and _is_taken(name, scale, digest):
        name = f"{name}-{digest[:8]}"
    _require_name(name)
    notify(f"{source.name}: comparing tiles with the whole picture")
    request = {"measured": measured, "name": name, "licence": wishes.licence}
    certified = run_step("certify", folder, request)
    record = {
        "source": str(source),
        "source_sha256": digest,
        "kind": kind,
        "licence": wishes.licence,
        "runtime": runtime_version(),
        "measured": measured,
        "certified": certified,
    }
    return store.save(folder / MODEL, name, scale, record)


def _converted(source: Path, folder: Path, notify: Notify) -> str:
    """Convert the file to ONNX. Returns its kind."""
    notify(f"{source.name}: reading")
    request, readable = {"source": str(source)}, [source.parent]
    found = run_step("convert", folder, request, readable)
    if found["torch"]:
        notify(f"{source.name}: converting from PyTorch, which may take minutes")
        run_step("convert_torch", folder, request, readable, _TORCH_SECONDS, _TORCH_MEMORY)
    return str(found["kind"])


def _is_taken(name: str, scale: int, source: str) -> bool:
    """Whether another file than that with the SHA-256 ``source`` has this name."""
    return any(model.name == name for model in find_models()) or any(
        (model.name, model.scale) == (name, scale) and model.record.get("source_sha256") != source
        for model in user_models()
    )


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ImportRefused(
            f"--name {name!r}: a name has letters, digits and . _ + - and begins with a letter or"
            " digit"
        )
    if name in {model.name for model in find_models()}:
        raise ImportRefused(f"{name} is a model of sr-batch: choose another --name")


def _about(source: Path, message: str) -> str:
    if message.startswith(str(source)):
        return message
    # A step in a child names the file by its whole path.
    return f"{display_name(source)}: {message.removeprefix(f'{source.resolve()}: ')}"
