"""Which source made a file."""

import subprocess


def source_commit() -> str:
    """The commit checked out, marked when the training package differs from it."""
    head = _git("rev-parse", "--short=10", "HEAD")
    return head + ("-dirty" if _git("status", "--porcelain", "--", "training/*.py") else "")


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return run.stdout.strip()
