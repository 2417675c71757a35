"""Where this installation has its plug-in files and its ``sr-batch`` command."""

import os
import sys
import sysconfig
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip

_PACKAGE = Path(__file__).parents[1]
# A wheel has them inside the package, a checkout beside it.
_FOLDERS = (_PACKAGE / "plugins", _PACKAGE.parent / "plugins")


def plugin_folder(name: str) -> Path:
    """The folder of ``plugins/`` that is called ``name``."""
    return next(folder / name for folder in _FOLDERS if (folder / name).is_dir())


def own_command() -> Path:
    """The absolute path of the ``sr-batch`` command of this installation.

    Raises:
        UsageError: the package is installed without its command.
    """
    name = "sr-batch.exe" if os.name == "nt" else "sr-batch"
    command = Path(sysconfig.get_path("scripts")).resolve() / name
    if not command.is_file():
        raise UsageError(
            f"{command} is missing: install sr-batch again into {sys.prefix},"
            f" in its source by {pip('install', '--force-reinstall', '.')}"
        )
    return command
