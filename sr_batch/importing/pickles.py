"""Reads from a pickle what it would import, without running it."""

import pickletools
from collections.abc import Iterator

from sr_batch.core.errors import ImportRefused

MOST_BYTES = 16 << 20
"""A pickle of torch.save lists the tensors and does not hold them: the largest have 1 MiB."""

LORA = "this is a LoRA, a change to another network: merge it there, and add the result"
_EXTENSIONS = {"EXT1", "EXT2", "EXT4"}
_HARMLESS = {
    "collections.OrderedDict",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch.Size",
    "torch.device",
    "torch.serialization._get_layout",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "_codecs.encode",
}
_DTYPES = {"float16", "bfloat16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64"}


def require_state_dict(pickle: bytes) -> None:
    """Refuse a pickle that imports anything but what tensors and dictionaries need.

    Raises:
        ImportRefused: the message names what it imports; without a file name.
    """
    if len(pickle) > MOST_BYTES:
        raise ImportRefused(
            f"its list of tensors is over {MOST_BYTES >> 20} MiB: this is not a state dict of a"
            " network of pictures"
        )
    try:
        for name in _imports(pickle):
            if not _is_harmless(name):
                raise ImportRefused(
                    f"this is a pickled program, not only weights (it needs {name}): load it where"
                    " it was made, and save its state_dict() alone"
                )
    except (ValueError, OverflowError) as error:
        raise ImportRefused("the file is damaged; download it again") from error


def _imports(pickle: bytes) -> Iterator[str]:
    """``module.name`` of all that unpickling would import.

    The legacy format of torch.save is several pickles, one after the other; the fourth one is the
    last that can import.
    """
    at = 0
    for _ in range(5):
        texts = ["an unknown module", "name"]
        for code, argument, place in pickletools.genops(pickle[at:]):
            if code.name in ("GLOBAL", "INST"):
                yield str(argument).replace(" ", ".", 1)
            elif code.name in _EXTENSIONS:
                yield f"the extension {argument}"
            elif code.name == "STACK_GLOBAL":
                yield _of_stack(*texts[-2:])
            elif isinstance(argument, str):
                texts = [texts[-1], argument]
                _refuse_lora(argument)
            end = (place or 0) + 1
        at += end
        if at >= len(pickle) or pickle[at : at + 1] != b"\x80":
            return


def _refuse_lora(name: str) -> None:
    if "lora_" in name:
        raise ImportRefused(LORA)


def _of_stack(module: str, name: str) -> str:
    """What a STACK_GLOBAL imports, as far as the last two texts tell.

    They can lie. torch.save does not write this code and torch.load does not read it.
    """
    found = f"{module}.{name}"
    if _is_harmless(found):
        raise ImportRefused(
            "it is saved with pickle protocol 4, which weights are not read from: load it, and save"
            " its state_dict() with torch.save as it is"
        )
    return found


def _is_harmless(name: str) -> bool:
    module, _, last = name.rpartition(".")
    of_torch = module == "torch" and (last.endswith("Storage") or last in _DTYPES)
    return of_torch or name in _HARMLESS
