"""Files that are not files, or are something else."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.importing.hostile.case import Case, Make


def content(data: bytes, name: str = "net.onnx") -> Make:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def place(prepare: Callable[[Path], object]) -> Make:
    def make(folder: Path) -> Path:
        prepare(folder / "net.onnx")
        return folder / "net.onnx"

    return make


def sparse_file(path: Path) -> None:
    """64 GiB that take no room on the disk, after the first bytes of an ONNX file."""
    path.write_bytes(b"\x08\x08\x3a\xff")
    os.truncate(path, 64 << 30)


CASES = (
    Case("a folder named as a network", place(Path.mkdir), "a folder, not a file|in this folder"),
    Case("a pipe", place(os.mkfifo), "a pipe, not a file"),
    Case("a link to an endless device", place(lambda path: path.symlink_to("/dev/zero")), "device"),
    Case(
        "a link to itself", place(lambda path: path.symlink_to(path)), "symbolic links|no such file"
    ),
    Case("a link to another program's file", place(lambda p: p.symlink_to("/etc/passwd")), "is no"),
    Case("a file of 64 GiB", place(sparse_file), "64 GiB"),
    Case("an empty file", content(b""), "empty; is the download complete"),
    Case("zeros only", content(bytes(9000)), "zeros only; is the download complete"),
    Case("a broken length", content(b"\x08\x08\x3a\xff\xff\xff\xff\x7f" + bytes(99)), "truncated"),
    Case("a web page", content(b"<!DOCTYPE html><title>404</title>"), "web page.*download the"),
    Case("a Git LFS pointer", content(b"version https://git-lfs.github.com/spec/v1\n"), "lfs pull"),
)
