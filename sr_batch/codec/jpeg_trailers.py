"""Parts of a JPEG file that belong to its picture but are not read, as texts for a note."""

import re
import struct

from sr_batch.codec.metadata import ifd, unread

MPF = b"MPF\0"
_GAIN_MAPS = re.compile(rb"ns\.adobe\.com/hdr-gain-map/|HDRGainMap|urn:iso:std:iso:ts:21496:-1")
_GAIN_MAP_ITEM = re.compile(rb"Semantic\s*(=\s*[\"']|>\s*)GainMap")
_DEPTH = re.compile(rb"Semantic\s*(=\s*[\"']|>\s*)Depth")
_FILM = re.compile(rb"ftyp[\w ]{4}", re.ASCII)
_PICTURE = b"\xff\xd8\xff"
_ENTRIES, _ENTRY_BYTES = 0xB002, 16
# Smaller copies of the picture, and the picture itself.
_COPIES = (0x010001, 0x010002, 0x030000)


def left_out(data: bytes, first_scan: int, packet: bytes, index: bytes) -> tuple[str, ...]:
    """Notes on what lies behind the picture.

    Args:
        data: The whole file.
        first_scan: Offset of the picture's data.
        packet: Its XMP.
        index: The file's list of pictures (MPF), without its prefix.
    """
    end = end_of_picture(data, first_scan)
    if end is None or end == len(data):
        return ()
    pictures = data.find(_PICTURE, end) >= 0
    gain_map = pictures and bool(
        _GAIN_MAP_ITEM.search(packet) or _GAIN_MAPS.search(packet) or _GAIN_MAPS.search(data, end)
    )
    depth = pictures and bool(_DEPTH.search(packet))
    lost = {
        "video of a motion photo left out": bool(_FILM.search(data, end)),
        "HDR gain map left out": gain_map,
        "depth map left out": depth,
        "other pictures of the file left out": not (gain_map or depth) and _has_more(index),
    }
    return tuple(what for what, happens in lost.items() if happens)


def end_of_picture(data: bytes, first_scan: int) -> int | None:
    """Offset of what follows the picture's end marker; None if it has none."""
    found = data.find(b"\xff\xd9", first_scan)
    return found + 2 if found >= 0 else None


def rest(data: bytes, first_scan: int) -> tuple[str, ...]:
    """The name of what lies behind the picture, if that is not padding."""
    return unread.behind(data, end_of_picture(data, first_scan) or len(data))


def _has_more(index: bytes) -> bool:
    """Whether the list names pictures that are not smaller copies."""
    try:
        order, offset, _ = ifd.read_header(index)
        entries = ifd.read_directory(index, offset, order).raw(_ENTRIES) or b""
        kinds = [
            struct.unpack_from(f"{order}I", entries, at)[0] & 0xFFFFFF
            for at in range(0, len(entries) - 3, _ENTRY_BYTES)
        ]
    except (struct.error, ValueError):
        return False
    return any(kind not in _COPIES for kind in kinds[1:])
