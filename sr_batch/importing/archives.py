"""Tells what is in a zip archive: weights that torch.save wrote, or something else."""

import zipfile
from collections.abc import Collection
from pathlib import Path

from sr_batch.core.errors import ImportRefused
from sr_batch.importing.pickles import MOST_BYTES, require_state_dict

EXPORT = "export it to ONNX"


def require_weights(path: Path) -> None:
    """Refuse an archive that is not a state dict of torch.save.

    Raises:
        ImportRefused: without a file name.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _require_weights(archive, path.stat().st_size)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise ImportRefused(f"the file is damaged ({error}); download it again") from error


def _require_weights(archive: zipfile.ZipFile, size: int) -> None:
    names = archive.namelist()
    _require_other_than(names)
    pickles = [name for name in names if name.split("/")[-1] == "data.pkl"]
    if not pickles:
        raise ImportRefused("this is an archive: unpack it, and add the network in it")
    _require_plain(archive, size)
    with archive.open(pickles[0]) as member:
        require_state_dict(member.read(MOST_BYTES + 1))


def _require_other_than(names: Collection[str]) -> None:
    parts = {part for name in names for part in name.split("/")[-2:]}
    if {"constants.pkl", "code"} & parts:
        raise ImportRefused(
            "this is TorchScript, which is a program: take the .pth with the state dict, or the"
            " ONNX file"
        )
    if "config.json" in parts and "model.weights.h5" in parts:
        raise ImportRefused(f"this is a Keras file: {EXPORT}, for example with tf2onnx")


def _require_plain(archive: zipfile.ZipFile, size: int) -> None:
    """torch.save compresses nothing. A compressed member may be a thousand times as large."""
    members = archive.infolist()
    if any(each.compress_type != zipfile.ZIP_STORED for each in members):
        raise ImportRefused(
            "its weights are compressed, which torch.save never does: load it, and save its"
            " state_dict() again"
        )
    if sum(each.file_size for each in members) > size:
        raise ImportRefused(
            "the file is damaged (it lists more bytes than it has); download it again"
        )
