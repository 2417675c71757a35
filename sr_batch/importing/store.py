"""Keeps added models in the user's data folder; several processes may do so at once."""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock

from sr_batch.core.errors import (
    StorageError,
    UnknownModel,
    UnwritableOutput,
    UsageError,
    did_you_mean,
)
from sr_batch.files.part_file import part_file
from sr_batch.files.reading import display_name
from sr_batch.inference.user_models import UserModel, folder, user_models

# Increased by one when probing measures other things, or measures them otherwise.
PROBE = 2
# In the folder of one import: the network with its contract; that in int8, and the user's pictures.
MODEL, INT8, CALIBRATION, HELD = "model.onnx", "int8.onnx", "calibration.npz", "held.npz"
_LOCK, _RENEWAL = ".lock", ".renewal"
_WORK = ".work"
_FORGOTTEN = 24 * 3600.0  # seconds; no import takes as long


def find_source(source: str) -> UserModel | None:
    """The model that was made of a file with the SHA-256 ``source``, by whichever version."""
    for model in user_models():
        if model.record.get("source_sha256") == source and "measured" in model.record:
            return model
    return None


def save(model: Path, name: str, scale: int, record: Mapping[str, Any]) -> UserModel:
    """Keep the file ``model`` as ``name``, or return what another process kept meanwhile.

    Args:
        model: The ONNX file with its contract.
        name: The name of its family.
        scale: Its scale.
        record: What was measured, with ``source_sha256``.

    Raises:
        UsageError: another file has this name and scale.
        StorageError: the folder cannot be written to, or the disk is full.
    """
    data = model.read_bytes()
    full = dict(record) | {
        "name": name,
        "scale": scale,
        "probe": PROBE,
        "sha256": sha256(data).hexdigest(),
    }
    target = folder() / f"{name}_x{scale}.onnx"
    with _locked():
        there = next((each for each in user_models() if each.path.name == target.name), None)
        if there and not _gives_way(there, record):
            raise UsageError(
                f"{name} x{scale} was added already, from {there.record.get('source')}: choose"
                f" another --name, or sr-batch models remove {name}"
            )
        kept, int8 = _written(target, data, full), _int8_of(target)
        if int8 and int8.record.get("of") != full["sha256"]:
            _delete(int8.path)
    return kept


def save_int8(int8: Path, model: UserModel, figures: Mapping[str, Any]) -> UserModel:
    """Keep the file ``int8`` as that of ``model``.

    Args:
        int8: The ONNX file with its contract.
        model: The model in fp32 that it was made of.
        figures: What was measured.

    Raises:
        UsageError: ``model`` was removed or added again meanwhile.
        SrBatchError: the folder cannot be written to.
    """
    data = int8.read_bytes()
    record = {
        "name": model.name,
        "scale": model.scale,
        "precision": "int8",
        "source_sha256": model.record.get("source_sha256"),  # so that adding it again is allowed
        "of": model.record["sha256"],
        "sha256": sha256(data).hexdigest(),
        "quantized": dict(figures),
    }
    with _locked():
        now = {each.path: each.record.get("sha256") for each in user_models()}
        if now.get(model.path) != model.record["sha256"]:
            raise UsageError(f"{model.name} was changed meanwhile: run models quantize again")
        return _written(model.path.with_name(f"{model.path.stem}_int8.onnx"), data, record)


def remove(name: str) -> list[Path]:
    """Delete all models of the family ``name``. Returns their files.

    Raises:
        UnknownModel: no such model was added.
    """
    with _locked():
        found = [each.path for each in user_models() if each.name == name]
        for path in found:
            _delete(path)
    if not found:
        names = sorted({each.name for each in user_models()})
        known = f"Added: {', '.join(names)}" if names else "no model was added"
        raise UnknownModel(f"no model {name} was added: {did_you_mean(name, names)}{known}")
    return found


@contextmanager
def work_folder() -> Iterator[Path]:
    """A folder for the files of one import, which is deleted at its end.

    Raises:
        StorageError: it cannot be made.
    """
    _sweep()
    place = folder() / _WORK / f"{os.getpid()}-{os.urandom(4).hex()}"
    with _storing(place):
        place.mkdir(parents=True, mode=0o700)
    try:
        yield place.resolve()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _written(target: Path, data: bytes, record: Mapping[str, Any]) -> UserModel:
    """Both files are on the disk before what was there gives way: a full disk changes nothing."""
    beside, text = target.with_suffix(".json"), json.dumps(record, indent=1).encode()
    with (
        _storing(target),
        part_file(target, len(data)) as model,
        part_file(beside, len(text)) as about,
    ):
        model.write(data)
        model.sync()
        about.write(text)
        about.sync()
        beside.unlink(missing_ok=True)  # first: without it there is no model
        model.take_name()
        about.take_name()
    return UserModel(target, record)


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, StorageError, UnwritableOutput) as fault:
        cause = fault.__cause__ or fault
        raise StorageError(
            f"{display_name(path)} cannot be written: {getattr(cause, 'strerror', None) or cause};"
            " see that its folder has room and may be written to, then run the same command again"
        ) from fault


def _sweep() -> None:
    """Delete the folders of imports that were killed."""
    for place in folder().joinpath(_WORK).glob("*"):
        with suppress(OSError):
            if time.time() - place.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(place, ignore_errors=True)


def _delete(path: Path) -> None:
    path.with_suffix(".json").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _int8_of(path: Path) -> UserModel | None:
    """The int8 file that was made of the one at ``path``."""
    return next((each for each in user_models() if each.path.stem == f"{path.stem}_int8"), None)


def _gives_way(there: UserModel, record: Mapping[str, Any]) -> bool:
    """Whether a kept model is of the same file, and so may be replaced."""
    return bool(there.record.get("source_sha256") == record["source_sha256"])


@contextmanager
def one_renews() -> Iterator[None]:
    """Let only one process at a time measure models again."""
    with FileLock(folder() / _RENEWAL):
        yield


@contextmanager
def _locked() -> Iterator[None]:
    folder().mkdir(parents=True, exist_ok=True)
    with FileLock(folder() / _LOCK):
        yield
