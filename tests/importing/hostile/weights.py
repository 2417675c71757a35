"""Files of weights that run programs, expand, or lie about their sizes."""

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.importing.hostile.case import Case, Make

GLOBAL, STOP = b"c%s\n%s\n", b"."
_PICKLED = b"\x80\x02"


def torch_file(pickled: bytes, packed: bool = False, **members: bytes) -> Make:
    """A file of torch.save with this pickle in it."""

    def make(folder: Path) -> Path:
        path = folder / "net.pth"
        how = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        with zipfile.ZipFile(path, "w", how) as archive:
            archive.writestr("net/data.pkl", pickled)
            for name, content in members.items():
                archive.writestr(f"net/{name.replace('__', '/')}", content)
        return path

    return make


def calling(module: bytes, name: bytes) -> bytes:
    """A pickle that calls a function by GLOBAL and REDUCE."""
    return _PICKLED + b"c" + module + b"\n" + name + b"\nX\x02\x00\x00\x00id\x85R."


# The two texts on the stack are os and system; the last two in the file are harmless.
_MEMO = b"".join(
    (
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94",
        b"\x8c\x0bcollections0\x8c\x0bOrderedDict0",
        b"0000h\x00h\x01\x93\x8c\x02id\x85R.",
    )
)
_INSTANCE = _PICKLED + b"(X\x02\x00\x00\x00idios\nsystem\n."
_OBJECT = _PICKLED + b"(cos\nsystem\nX\x02\x00\x00\x00ido."
_EXTENSION = _PICKLED + b"\x82\x01."
_STATE = pickle.dumps({"weight": 1.0}, 2)


def overlapping(folder: Path) -> Path:
    """An archive in which a thousand names share the same megabyte."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("net/data.pkl", _STATE)
        archive.writestr("net/data/0", bytes(1 << 20))
        first = archive.getinfo("net/data/0")
        for number in range(1, 1000):
            again = zipfile.ZipInfo(f"net/data/{number}")
            again.header_offset, again.CRC = first.header_offset, first.CRC
            again.file_size = again.compress_size = first.file_size
            archive.filelist.append(again)
    path = folder / "net.pth"
    path.write_bytes(data.getvalue())
    return path


def bare(pickled: bytes) -> Make:
    def make(folder: Path) -> Path:
        (folder / "net.pth").write_bytes(pickled)
        return folder / "net.pth"

    return make


def safetensors(
    entries: Mapping[str, object] | bytes, length: int | None = None, data: bytes = bytes(64)
) -> Make:
    header = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    stated = struct.pack("<Q", len(header) if length is None else length)

    def make(folder: Path) -> Path:
        (folder / "net.safetensors").write_bytes(stated + header + data)
        return folder / "net.safetensors"

    return make


def tensor(first: int, last: int, *shape: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


GOOD = tensor(0, 64, 16)

CASES = (
    Case("a pickle that calls os.system", torch_file(calling(b"os", b"system")), r"needs os\.sys"),
    Case("a pickle that calls eval", torch_file(calling(b"builtins", b"eval")), r"builtins\.eval"),
    Case("a pickle that gets an attribute", torch_file(calling(b"builtins", b"getattr")), "getat"),
    Case("a pickle with a name from its memo", torch_file(_MEMO), "protocol 4"),
    Case("a pickle that makes an instance", torch_file(_INSTANCE), r"os\.system"),
    Case("a pickle that makes an object", torch_file(_OBJECT), r"os\.system"),
    Case("a pickle with an extension", torch_file(_EXTENSION), "needs the extension 1"),
    Case(
        "a pickle of a whole module", torch_file(calling(b"models.net", b"Net")), r"models\.net\.N"
    ),
    Case("a pickle with escape codes", torch_file(calling(b"\x1b[2J", b"x")), r"\\x1b\[2J"),
    Case("a pickle that torch did not write", bare(calling(b"os", b"system")), "a pickle, but not"),
    Case("a truncated pickle", torch_file(_STATE[:-2]), "damaged; download it again"),
    Case("TorchScript", torch_file(_STATE, code__net=b""), "TorchScript"),
    Case("a decompression bomb", torch_file(_STATE, True, data__0=bytes(8 << 20)), "compressed"),
    Case("an archive of shared bytes", overlapping, "more bytes than it has"),
    Case("a truncated archive", bare(b"PK\x03\x04zip"), "damaged"),
    Case("safetensors: a header of 100 GB", safetensors({"w": GOOD}, 100 << 30), "header of 107"),
    Case(
        "safetensors: a header past the end", safetensors({"w": GOOD}, 4096), "longer than the file"
    ),
    Case("safetensors: a header that is no JSON", safetensors(b"{" * 9000), "cannot be read"),
    Case("safetensors: nested 9,000 deep", safetensors(b'{"a":' * 9000), "cannot be read"),
    Case(
        "safetensors: tensors that overlap",
        safetensors({"a": tensor(0, 48, 12), "b": tensor(32, 64, 8)}),
        "b overlaps",
    ),
    Case("safetensors: a gap", safetensors({"a": tensor(16, 64, 12)}), "a does not follow"),
    Case(
        "safetensors: a size that lies", safetensors({"w": tensor(0, 64, 1 << 40)}), "w .*1099511"
    ),
    Case("safetensors: a type that lies", safetensors({"w": tensor(0, 64, 16, dtype="I8")}), "w "),
    Case("safetensors: an unknown type", safetensors({"w": tensor(0, 64, 16, dtype="X")}), "w .*X"),
    Case("safetensors: a negative size", safetensors({"w": tensor(0, 64, -16)}), "w .*-16"),
    Case(
        "safetensors: truncated", safetensors({"w": GOOD}, data=bytes(60)), "need 64 bytes and 60"
    ),
    Case("safetensors: no tensors", safetensors({"w": 7}), "w"),
)
