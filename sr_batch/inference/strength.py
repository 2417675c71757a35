"""``--strength``: which two networks it blends, and which files a blend is made of.

A network's contract names its partner: the family whose weights it started from. At strength 0 the
partner itself runs, at 1 the network itself, and between them a blend of both.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sr_batch.core.errors import UnknownModel
from sr_batch.core.model_spec import Precision, PrecisionChoice, from_metadata
from sr_batch.inference.model_catalog import Blend, ModelFile, choose, find_models
from sr_batch.inference.network_blend import blended_name
from sr_batch.inference.onnx_metadata import read_metadata
from sr_batch.inference.onnx_session import read_spec

NO_INT8 = "int8 files cannot be blended"


def choose_at(
    name: str,
    strength: float | None,
    precision: PrecisionChoice = "fp32",
    fastest: Precision = "fp32",
) -> dict[int, ModelFile]:
    """The networks by scale, as `choose`, and blended if ``strength`` is given.

    A blend runs in fp32 or fp16: int8 counts as fp32. It exists for the scales that both families
    have.

    Args:
        name: One of the two families, or a path of a file that has a partner.
        strength: From 0 to 1; None for the network ``name`` alone.
        precision: As for `choose`.
        fastest: As for `choose`.

    Raises:
        UnknownModel: as `choose`, or ``name`` has no partner, or they have no scale in common.
    """
    if strength is None:
        return choose(name, precision, fastest)
    weak, strong = _pair(name, strength)
    if strength in (0, 1):
        return choose(strong if strength else weak, precision, fastest)
    if precision == "int8":
        precision = "fp32"
    if fastest == "int8":
        fastest = "fp32"
    return _blends(_files(weak, strong, precision, fastest), strength)


def _pair(name: str, strength: float) -> tuple[str, str]:
    """The networks of strength 0 and 1."""
    if name.endswith(".onnx"):
        partner = read_spec(Path(name)).partner
        pairs = {name: partner} if partner else {}
    else:
        pairs = partners()
        choose(name, "auto")  # raises if there is no such network
    for strong, weak in pairs.items():
        if name in (weak, strong):
            return weak, strong
    raise UnknownModel(f"--strength {strength:g} {_hint()}; {name} has no partner")


def partners() -> dict[str, str]:
    """The partner of each installed family that has one."""
    found: dict[str, str] = {}
    for model in find_models():
        if model.name not in found:
            with suppress(ValueError, OSError):  # what is wrong is said when it is opened
                found[model.name] = from_metadata(read_metadata(model.path)).partner
    return {strong: weak for strong, weak in found.items() if weak}


def _hint() -> str:
    """What a strength blends, to follow it in a sentence."""
    pairs = [f"{weak} (0) with {strong} (1)" for strong, weak in partners().items()]
    return f"blends {', or '.join(pairs)}" if pairs else "needs a network that has a partner"


def _files(
    weak: str, strong: str, precision: PrecisionChoice, fastest: Precision
) -> list[tuple[ModelFile, ModelFile]]:
    """The files of both networks, scale by scale, in one precision."""
    second = choose(strong, precision, fastest)
    if strong.endswith(".onnx"):
        (only,) = second.values()
        precision = next(each for each in ("fp32", "fp16", "int8") if each == only.precision)
    first = choose(weak, precision, fastest)
    scales = sorted(first.keys() & second.keys())
    if not scales:
        raise UnknownModel(f"--strength: {weak} and {strong} have no scale in common")
    if any(first[scale].precision != second[scale].precision for scale in scales):
        first, second = choose(weak, "fp32"), choose(strong, "fp32")
    return [(first[scale], second[scale]) for scale in scales]


def _blends(files: list[tuple[ModelFile, ModelFile]], strength: float) -> dict[int, ModelFile]:
    return {
        strong.scale: replace(
            strong, name=blended_name(strong.name, strength), blend=Blend(weak.path, strength)
        )
        for weak, strong in files
    }
