"""Opens the teacher that a recipe names, and says where its files belong if they are wrong."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sr_batch.importing.ncnn.read import BadNetwork
from training.models.ncnn_teacher import PlainStack, load_teacher


@dataclass(frozen=True)
class Origin:
    """Where the files of a teacher come from, and the SHA-256 of its .bin file."""

    place: str
    digest: str


ORIGINS = {
    "RealESRGAN_General_WDN_x4_v3.param": Origin(
        "github.com/upscayl/custom-models",
        "74eae91a6230cbe5b931be6c49141faaff0034976933d4da9accb77c329c8a78",
    )
}
"""File of a recipe -> its origin."""


def open_teacher(folder: Path, name: str) -> PlainStack:
    """The network of the file ``name`` in ``folder``, frozen.

    Raises:
        BadNetwork: a file is missing, damaged or of another version, or the network is of another
            structure.
    """
    path, origin = folder / name, ORIGINS.get(name)
    weights = path.with_suffix(".bin")
    source = f" from {origin.place}" if origin else ""
    remedy = f"copy {path.name} and {weights.name}{source} to {folder}"
    for file in (path, weights):
        if not file.is_file():
            raise BadNetwork(f"{file}: the file of the recipe's teacher is missing; {remedy}")
    teacher = load_teacher(path)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    if origin and digest != origin.digest:
        raise BadNetwork(
            f"{weights}: another version of the recipe's teacher (its SHA-256 begins with"
            f" {digest[:12]}, and that of the right one with {origin.digest[:12]}); {remedy}"
        )
    return teacher
