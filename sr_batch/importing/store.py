"""Keeps added models in the user's data folder; several processes may do so at once."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from filelock import FileLock

from sr_batch.core.errors import UnknownModel, UsageError, did_you_mean
from sr_batch.files.atomic_write import write_output
from sr_batch.inference.user_models import UserModel, folder, user_models

# Increased by one when probing measures other things, or measures them otherwise.
PROBE = 2
MODEL = "model.onnx"  # in the folder of one import: the network with its contract
_LOCK, _RENEWAL = ".lock", ".renewal"
_WORK = ".work"


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
        SrBatchError: the folder cannot be written to.
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
        target.with_suffix(".json").unlink(missing_ok=True)  # first: without it there is no model
        write_output(target, data)
        write_output(target.with_suffix(".json"), json.dumps(full, indent=1).encode())
    return UserModel(target, full)


def remove(name: str) -> list[Path]:
    """Delete all models of the family ``name``. Returns their files.

    Raises:
        UnknownModel: no such model was added.
    """
    with _locked():
        found = [each.path for each in user_models() if each.name == name]
        for path in found:
            path.with_suffix(".json").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
    if not found:
        names = sorted({each.name for each in user_models()})
        known = f"Added: {', '.join(names)}" if names else "no model was added"
        raise UnknownModel(f"no model {name} was added: {did_you_mean(name, names)}{known}")
    return found


@contextmanager
def work_folder() -> Iterator[Path]:
    """A folder for the files of one import, which is deleted at its end."""
    place = folder() / _WORK / f"{os.getpid()}-{os.urandom(4).hex()}"
    place.mkdir(parents=True, mode=0o700)
    try:
        yield place.resolve()
    finally:
        shutil.rmtree(place, ignore_errors=True)


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
