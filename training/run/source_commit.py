"""The commit of the source that made a file."""

import subprocess
from pathlib import Path

UNKNOWN = "unknown"


def source_commit(source: Path = Path(__file__).parents[1]) -> str:
    """The commit that is checked out, with ``-dirty`` if the training package differs from it.

    ``unknown`` if ``source``, the folder of the package, is not in a git repository, as in an
    archive of the source, or if git is not installed.
    """
    try:
        head = _git(source, "rev-parse", "--short=10", "HEAD")
        return head + ("-dirty" if _git(source, "status", "--porcelain", "--", "*.py") else "")
    except (OSError, subprocess.CalledProcessError):
        return UNKNOWN


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
