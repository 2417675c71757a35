"""Networks whose weights are said to be in other files: outside, endless, missing, too short."""

import os
from collections.abc import Callable
from pathlib import Path

import onnx

from tests.importing.foreign import external
from tests.importing.hostile.case import Case, Make

SECRET = "the canary sings at dawn " * 400
"""Content of a file beside the folder of the network, which nothing may read."""


def at(location: str, prepare: Callable[[Path], object] | None = None, length: int = 0) -> Make:
    """A network in the folder ``in``, with its weights at ``location``, seen from there."""

    def make(folder: Path) -> Path:
        (folder / "secret").write_text(SECRET)
        inner = folder / "in"
        inner.mkdir()
        path = external(inner / "net.onnx", location.replace("@", str(folder)), length or None)
        if prepare:
            prepare(inner)
        return path

    return make


def huge(folder: Path) -> None:
    os.truncate(folder / "data", 64 << 30)


def shorten(folder: Path) -> None:
    os.truncate(folder / "data", 8)


def pipe(folder: Path) -> None:
    (folder / "data").unlink()
    os.mkfifo(folder / "data")


def link(name: str, target: str) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return prepare


def place(key: str, value: str) -> Make:
    """Weights beside the network, whose place in their file is nonsense."""

    def make(folder: Path) -> Path:
        path = external(folder / "net.onnx", "data")
        model = onnx.load(path, load_external_data=False)
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                entry.value = value if entry.key == key else entry.value
        path.write_bytes(model.SerializeToString())
        return path

    return make


CASES = (
    Case("weights in an absolute path", at("@/secret"), "secret, outside its folder"),
    Case("weights in the folder above", at("../secret"), "outside its folder"),
    Case("weights in a detour above", at("sub/../../secret"), "outside its folder"),
    Case("weights in a link out", at("data", link("data", "../secret")), "outside its folder"),
    Case("weights in a linked folder", at("up/secret", link("up", "..")), "outside its folder"),
    Case("weights in a device", at("data", link("data", "/dev/zero")), "outside its folder"),
    Case("weights in a pipe", at("data", pipe), "not a file"),
    Case("64 GiB of weights", at("data", huge, 64 << 30), "64 GiB|over 2 GiB"),
    Case("weights that are missing", at("sub/data"), "missing beside it: download"),
    Case("weights that are too short", at("data", shorten), "too short: download it again"),
    Case("a null byte in a name", at("data\0/../../secret"), "place of its weights"),
    Case("escape codes in a name", at("\x1b[2J\nsub/data"), r"\\x1b\[2J\\nsub"),
    Case("a place before the file", place("offset", "-4096"), "too short"),
    Case("a place that is no number", place("offset", "9" * 5000), "place of its weights"),
)
