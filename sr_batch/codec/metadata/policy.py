"""Which metadata goes into the output: ``--metadata``."""

from dataclasses import replace

from sr_batch.codec.color import made_profile
from sr_batch.codec.metadata import exif, xmp
from sr_batch.core.image import Metadata
from sr_batch.core.options import Keep


def kept(metadata: Metadata, policy: Keep) -> Metadata:
    """``metadata`` that ``policy`` keeps. Profile and resolution belong to the pixels and stay."""
    if policy == "strip":
        # What EXIF alone says of the colours must not get lost with it.
        adobe = metadata.icc is None and exif.is_adobe_rgb(metadata.exif)
        icc = made_profile.adobe_rgb() if adobe else metadata.icc
        return Metadata(
            icc=icc,
            dpi=metadata.dpi,
            note=metadata.note,
            lossless=metadata.lossless,
            quality=metadata.quality,  # of the pixels, too: it chooses the network
        )
    if policy == "no-gps":
        # An XMP extension is split at any byte, so nothing can be found in it: it is dropped.
        unread = (*metadata.unread, *(("a part of XMP",) if metadata.xmp_extension else ()))
        packet = metadata.xmp and xmp.without_gps(xmp.without_extension(metadata.xmp))
        block = exif.without_gps(metadata.exif)
        texts = tuple(text for text in metadata.texts if "gps" not in text.keyword.lower())
        return replace(
            metadata, exif=block, xmp=packet, xmp_extension=(), texts=texts, unread=unread
        )
    return metadata
