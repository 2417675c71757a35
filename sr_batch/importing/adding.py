"""Adds a file of another project to the models of the user."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sr_batch.core.errors import ImageError, ImportRefused, UnknownModel
from sr_batch.core.results import one_line
from sr_batch.files.reading import display_name, require_regular
from sr_batch.importing import store
from sr_batch.importing.net_format import Range
from sr_batch.importing.renewing import is_outdated, renew
from sr_batch.importing.sandbox import run_step
from sr_batch.importing.source_file import content_of
from sr_batch.importing.store import MODEL
from sr_batch.importing.weights.convert import require_extra
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
        raise ImportRefused(f"{fault}: give the file of a network") from fault
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

    A contract in a file is believed only of networks of sr-batch, and of what was added. What
    another version has measured is measured again.

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
        for each in user_models():
            if each.name == model:
                _current(each, notify)
        return model
    if not path.is_file():
        raise UnknownModel(f"{path}: no such file; to list the models: sr-batch models list")
    if is_shipped(path):
        return model
    if is_added(path):
        for each in user_models():
            if each.path.name == path.name:
                _current(each, notify)
        return model
    known = store.find_source(content_of(path))
    if known:
        return str(_current(known, notify).path)
    added = add(path, Wishes(), notify, make_unique=True)
    notify(
        f"{path.name} is now the model {added.name}; to see what was measured: sr-batch models"
        f" show {added.name}"
    )
    return str(added.path)


def _current(model: UserModel, notify: Notify) -> UserModel:
    """``model``, measured again if another version has measured it."""
    return renew(model, _from_source, notify) if is_outdated(model) else model


def _from_source(model: UserModel) -> UserModel | None:
    """The model, added again; None if the file that it was made of is gone, or has changed."""
    record, source = model.record, Path(model.record["source"])
    if not source.is_file() or content_of(source) != record["source_sha256"]:
        return None
    form = record["measured"]["format"]
    known = form["range"] if form["range"] == form["range_out"] else None
    wishes = Wishes(model.name, record["licence"], known, form["bgr"])
    return add(source, wishes, lambda _: None)


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


def name_of(source: Path, scale: int) -> str:
    """The name for a file: its own, without its scale, and without what a shell would read."""
    stem = re.sub(rf"[-_.]?(x{scale}|{scale}x)$", "", source.stem, flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", stem).strip("-._+")[:80] or "model"


def _made(
    source: Path, digest: str, folder: Path, wishes: Wishes, notify: Notify, make_unique: bool
) -> UserModel:
    """Run the steps in ``folder``, and keep the model that is in it then."""
    kind, multiple = _converted(source, folder, notify)
    if content_of(source) != digest:
        raise ImportRefused("it changed while it was read: add it again when nothing writes to it")
    notify(f"{source.name}: measuring")
    known = {"range": wishes.range, "bgr": wishes.bgr, "multiple": multiple}
    measured = run_step("measure", folder, known)
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


def _converted(source: Path, folder: Path, notify: Notify) -> tuple[str, int]:
    """Convert the file to ONNX. Returns its kind, and what its sides must be multiples of."""
    notify(f"{source.name}: reading")
    request, readable = {"source": str(source)}, [source.parent]
    found = run_step("convert", folder, request, readable)
    if found["torch"]:
        require_extra(source)
        notify(f"{source.name}: converting from PyTorch, which may take minutes")
        found |= run_step("convert_torch", folder, request, readable, _TORCH_SECONDS, _TORCH_MEMORY)
    return str(found["kind"]), int(found.get("multiple", 1))


def _is_taken(name: str, scale: int, source: str) -> bool:
    """Whether another file than that with the SHA-256 ``source`` has this name."""
    return any(model.name == name for model in find_models()) or any(
        (model.name, model.scale) == (name, scale) and model.record.get("source_sha256") != source
        for model in user_models()
    )


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ImportRefused(
            f"--name {name}: a name has letters, digits and . _ + - and begins with a letter or"
            " digit"
        )
    if name in {model.name for model in find_models()}:
        raise ImportRefused(f"{name} is a model of sr-batch: choose another --name")


def _about(source: Path, message: str) -> str:
    """``message`` with the name of the file as the user wrote it."""
    for said in (source, source.resolve()):
        message = message.removeprefix(f"{one_line(str(said))}: ")
    return f"{display_name(source)}: {message}"
