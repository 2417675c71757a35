"""Which metadata goes into the output: ``--metadata``."""

from dataclasses import replace

from sr_batch.codec.metadata import exif, xmp
from sr_batch.core.image import Metadata
from sr_batch.core.options import Keep


def kept(metadata: Metadata, policy: Keep) -> Metadata:
    """``metadata`` that ``policy`` keeps. Profile and resolution belong to the pixels and stay."""
    if policy == "strip":
        return replace(metadata, exif=None, xmp=None, xmp_extension=(), photoshop=None)
    if policy == "no-gps":
        # An XMP extension is split at any byte, so nothing can be found in it: it is dropped.
        packet = metadata.xmp and xmp.without_gps(metadata.xmp)
        block = exif.without_gps(metadata.exif)
        return replace(metadata, exif=block, xmp=packet, xmp_extension=())
    return metadata
