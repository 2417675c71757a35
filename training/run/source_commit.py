"""The commit of the source that made a file."""

import subprocess


def source_commit() -> str:
    """The commit that is checked out, with ``-dirty`` if the training package differs from it."""
    head = _git("rev-parse", "--short=10", "HEAD")
    return head + ("-dirty" if _git("status", "--porcelain", "--", "training/*.py") else "")


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return run.stdout.strip()
