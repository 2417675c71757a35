"""Image files in memory: bytes to pixels and back. No path is opened here.

`formats` is the table of formats. A file's format is recognised by its content. The libraries for
HEIC and JPEG XL come with extras of this package and are loaded with the first such picture.
"""

from sr_batch.codec.formats import FORMATS, SUFFIXES
from sr_batch.codec.limits import require_fits
from sr_batch.codec.losses import losses
from sr_batch.codec.metadata.policy import kept
from sr_batch.codec.optional_libraries import require_encoder
from sr_batch.codec.read import (
    Header,
    OpenedFile,
    open_file,
    preload,
    read_header,
    read_image,
    read_pages,
)
from sr_batch.codec.sniff import format_of_suffix, sniff
from sr_batch.codec.write import (
    encode_image,
    encode_pages,
    likely_bytes,
    require_holds,
    true_xmp,
)

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "Header",
    "OpenedFile",
    "encode_image",
    "encode_pages",
    "format_of_suffix",
    "kept",
    "likely_bytes",
    "losses",
    "open_file",
    "preload",
    "read_header",
    "read_image",
    "read_pages",
    "require_encoder",
    "require_fits",
    "require_holds",
    "sniff",
    "true_xmp",
]
