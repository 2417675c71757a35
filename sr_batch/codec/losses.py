"""The parts of a picture that an output format cannot hold: every loss becomes a note."""

from sr_batch.codec.animation_encode import Clock
from sr_batch.codec.formats import FORMATS, load
from sr_batch.codec.metadata import exif
from sr_batch.codec.metadata.icc import suits
from sr_batch.codec.png.texts import COMMENT
from sr_batch.core.image import Image, Metadata

_PLENTY = 2**31


def losses(image: Image, kind: str) -> tuple[str, ...]:
    """Notes: what was changed on reading, and what a file of ``kind`` cannot hold."""
    metadata, row = image.metadata, FORMATS[kind]
    exif_limit, xmp_limit, icc_limit = _limits(kind)
    lost = {
        "alpha flattened on white": image.alpha is not None and not row.alpha,
        f"16-bit samples rounded to {row.bits} bits": image.levels > 255 and row.bits < 16,
        **(_lost_in_gif(image) if kind == "gif" else {}),
        "frame times rounded": image.timing is not None and _rounds_time(image, kind),
        "EXIF left out": len(metadata.exif or b"") > exif_limit
        or (kind == "avif" and metadata.exif is not None and not exif.has_header(metadata.exif)),
        "XMP left out": len(metadata.xmp or b"") > xmp_limit
        or (kind == "gif" and not _fits_gif(metadata.xmp or b"")),
        "a part of XMP left out": bool(metadata.xmp_extension) and kind != "jpg",
        "IPTC left out": bool(metadata.photoshop) and "iptc" not in row.metadata,
        "ICC profile left out": len(metadata.icc or b"") > icc_limit
        or (metadata.icc is not None and carried_profile(image, kind) is None),
    }
    if forgotten := _lost_texts(metadata, kind):
        lost[f"texts left out ({', '.join(forgotten)})"] = True
    if metadata.unread:
        lost[f"metadata left out ({', '.join(metadata.unread)})"] = True
    said = (metadata.note,) if metadata.note else ()
    return said + tuple(what for what, happens in lost.items() if happens)


def _lost_texts(metadata: Metadata, kind: str) -> tuple[str, ...]:
    """Keywords of the texts that a file of ``kind`` cannot hold."""
    held = (COMMENT.lower(),) if kind in ("jpg", "gif") else ()
    lost = {
        text.keyword
        for text in metadata.texts
        if text.keyword.lower() not in held and not _is_copy(text.keyword, metadata)
    }
    return () if kind == "png" else tuple(sorted(lost))


def _is_copy(keyword: str, metadata: Metadata) -> bool:
    """Whether a text repeats what the file says elsewhere, as ImageMagick does it."""
    prefix, colon, _ = keyword.partition(":")
    stored = {"exif": metadata.exif, "xmp": metadata.xmp, "icc": metadata.icc, "date": b"times"}
    return bool(colon and stored.get(prefix))


def carried_profile(image: Image, kind: str) -> bytes | None:
    """The profile of ``image``, if a file of ``kind`` can hold it."""
    icc = image.metadata.icc
    gray = image.is_gray and not (image.alpha is not None and not FORMATS[kind].gray_alpha)
    fits = suits(icc, gray, kind) and (kind != "jxl" or _fits_jxl(icc))
    return icc if fits else None


# A format's own limits are asked of its module, which is loaded only then.


def _limits(kind: str) -> tuple[int, int, int]:
    """The most bytes of EXIF, of XMP and of the ICC profile."""
    if kind == "jpg":
        from sr_batch.codec.jpeg_segments import MAX_EXIF, MAX_ICC, MAX_XMP

        return MAX_EXIF, MAX_XMP, MAX_ICC
    held = FORMATS[kind].metadata
    of_exif, of_xmp, of_icc = (_PLENTY if part in held else 0 for part in ("exif", "xmp", "icc"))
    return of_exif, of_xmp, of_icc


def _lost_in_gif(image: Image) -> dict[str, bool]:
    from sr_batch.codec.gif.encode import has_soft_alpha, has_too_many_colors

    return {
        "partial transparency made fully opaque or fully transparent": has_soft_alpha(image),
        "colors reduced to 256": has_too_many_colors(image),
    }


def _fits_gif(xmp: bytes) -> bool:
    from sr_batch.codec.gif.encode import holds_xmp

    return holds_xmp(xmp)


def _fits_jxl(icc: bytes | None) -> bool:
    from sr_batch.codec.jxl.encode import understands

    return understands(icc)


def _rounds_time(frame: Image, kind: str) -> bool:
    new_clock = FORMATS[kind].clock
    if not new_clock:
        return False
    clock: Clock = load(new_clock)()
    return clock.rounds(frame)
