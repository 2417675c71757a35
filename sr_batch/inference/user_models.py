"""The models that the user added, kept in the user's data folder.

Each is a pair of files: ``NAME_xS.onnx`` and ``NAME_xS.json``, its record; in int8 they end in
``_int8``. The contract in the first is believed only if the record has its SHA-256.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sr_batch.core.errors import UnknownModel
from sr_batch.core.options import UpscaleOptions


@dataclass(frozen=True)
class UserModel:
    """One added model.

    Attributes:
        path: The ONNX file, with a contract.
        record: What was measured when it was added, and of what.
    """

    path: Path
    record: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of its family."""
        return str(self.record["name"])

    @property
    def scale(self) -> int:
        return int(self.record["scale"])

    @property
    def precision(self) -> str:
        """``fp32``, or ``int8`` for a file that `models quantize` made of one in fp32."""
        return str(self.record.get("precision", "fp32"))


def folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of added models of the current user; it may not exist."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA", home / "AppData/Local")) / "sr-batch/models"
    if sys.platform == "darwin":
        return home / "Library/Application Support/sr-batch/models"
    return Path(environment.get("XDG_DATA_HOME") or home / ".local/share") / "sr-batch/models"


def user_models() -> Iterator[UserModel]:
    """All added models, in the order of their files. Opens their records only."""
    for path in sorted(folder().glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            model = UserModel(path.with_suffix(".onnx"), json.loads(path.read_text("utf-8")))
            if model.name and model.scale and model.path.is_file():
                yield model


def with_own_scale(options: UpscaleOptions) -> UpscaleOptions:
    """``options`` at scale 1 if they state no size, and the user's model does not enlarge."""
    stated = options.scale is not None or not options.goal.fixed
    path = Path(options.model).resolve()
    scales = {
        each.scale
        for each in user_models()
        if each.name == options.model or each.path.resolve() == path
    }
    return options if stated or scales != {1} else replace(options, scale=1.0)


def is_added(path: Path) -> bool:
    """Whether the file ``path`` is in the folder of added models."""
    return path.resolve().parent == folder().resolve()


def require_unchanged(path: Path) -> None:
    """Check that an added model is as it was added.

    Raises:
        UnknownModel: it was changed, or has no record.
    """
    found = next((each for each in user_models() if each.path.name == path.name), None)
    if found is None or found.record.get("sha256") != _digest(path):
        raise UnknownModel(
            f"{path} is not as it was added: to add it again: sr-batch models remove"
            f" {found.name if found else path.stem.rpartition('_x')[0]}, then models add"
        )


def _digest(path: Path) -> str | None:
    """The SHA-256 of a file; None if another process has removed it meanwhile."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
