"""The files of the plug-ins as they are shipped, and the command that they will run."""

import os
import sysconfig
from pathlib import Path

from sr_batch.core.errors import UsageError

_HERE = Path(__file__).parents[1]
# In a wheel they lie inside the package, in a checkout beside it.
_FOLDERS = (_HERE / "plugins", _HERE.parent / "plugins")


def shipped(name: str) -> Path:
    """The folder of the plug-in called ``name``."""
    return next(folder / name for folder in _FOLDERS if (folder / name).is_dir())


def own_command() -> Path:
    """The absolute path of the ``sr-batch`` that is running now.

    Raises:
        UsageError: the package is there without its command.
    """
    name = "sr-batch.exe" if os.name == "nt" else "sr-batch"
    command = Path(sysconfig.get_path("scripts")).resolve() / name
    if not command.is_file():
        raise UsageError(f"{command} is missing: install the tool by pip install sr-batch")
    return command
