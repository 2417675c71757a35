"""Finds the files of networks that a command line names."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from sr_batch.core.errors import UsageError
from sr_batch.core.installing import pip
from sr_batch.importing.adding import SUFFIXES


def find_sources(named: Sequence[str], package: str | None) -> list[Path]:
    """The files to add.

    Args:
        named: Files and folders; with ``package``, names of models in it, or patterns.
        package: An installed package, as pip names it.

    Raises:
        UsageError: a file or the package does not exist, or there is no network in it.
    """
    if package:
        return _in_package(package, named)
    if not named:
        raise UsageError("give the file of a network, a folder, or --from PACKAGE")
    return list(dict.fromkeys(each for name in named for each in _in_path(Path(name))))


def _in_path(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    if not path.is_dir():
        yield path
        return
    found = list(_networks(sorted(path.rglob("*"))))
    if not found:
        raise UsageError(f"{path}: no network is in this folder ({', '.join(SUFFIXES)})")
    yield from found


def _in_package(package: str, patterns: Sequence[str]) -> list[Path]:
    try:
        files = distribution(package).files or []
    except PackageNotFoundError as fault:
        raise UsageError(
            f"--from {package}: not installed; to install it: {pip('install', package)}"
        ) from fault
    found = list(_networks(sorted(Path(str(file.locate())) for file in files)))
    if not found:
        raise UsageError(f"--from {package}: no network is in this package")
    if not patterns:
        return found
    chosen = [path for path in found if any(_fits(path, each) for each in patterns)]
    if not chosen:
        names = ", ".join(path.stem for path in found)
        raise UsageError(f"--from {package}: no model {', '.join(patterns)}. It has {names}")
    return chosen


def _fits(path: Path, pattern: str) -> bool:
    return fnmatch(path.stem.lower(), pattern.lower())


def _networks(paths: Sequence[Path]) -> Iterator[Path]:
    """Those that may be networks. An ncnn network is its .param; other .bin files are not one."""
    for path in paths:
        if path.suffix.lower() in SUFFIXES and path.suffix != ".bin" and path.is_file():
            yield path
