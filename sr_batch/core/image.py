"""One decoded picture and its metadata. numpy only; no file is read or written here."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sr_batch.core.geometry import Size

Pixels = npt.NDArray[np.uint8 | np.uint16]


@dataclass(frozen=True)
class Text:
    """A text beside the pixels: of a PNG, or a comment of a JPEG.

    Attributes:
        keyword: What it is, as PNG names it: ``Copyright``, ``Comment``, ``parameters``...
        text: Bytes of a comment that are not UTF-8 are kept as surrogate escapes.
        language: As in RFC 3066; empty if it is unknown.
        translated: The keyword in that language.
    """

    keyword: str
    text: str
    language: str = ""
    translated: str = ""


@dataclass(frozen=True)
class Metadata:
    """Metadata of a picture, as stored in its file. None means that the file had none.

    Attributes:
        icc: ICC profile bytes; pixels stay in the profile's own encoding.
        exif: EXIF block as bytes, starting with the TIFF header, orientation already set to 1.
        xmp: XMP packet as bytes, orientation already set to 1.
        xmp_extension: XMP that did not fit into a JPEG's packet, in a JPEG's pieces.
        photoshop: Photoshop's image resources, IPTC among them, as bytes.
        dpi: Horizontal and vertical dots per inch.
        texts: In the order of the file.
        unread: Names of metadata that the file has but that is not read, for a note.
        note: How the pixels were changed on reading, for the user; None if they were not.
        lossless: Whether the file was a lossless WebP; a WebP made from it is lossless, too.
        quality: Of a JPEG, 1 to 100, estimated from its tables; None for all other files.
        raw_profiles: What a PNG stored where ImageMagick 6 finds it, of ``exif`` and ``xmp``; a PNG
            made from it does so, too.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    xmp_extension: tuple[bytes, ...] = ()
    photoshop: bytes | None = None
    dpi: tuple[float, float] | None = None
    texts: tuple[Text, ...] = ()
    unread: tuple[str, ...] = ()
    note: str | None = None
    lossless: bool = False
    quality: int | None = None
    raw_profiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timing:
    """Time of a frame in an animation.

    Attributes:
        milliseconds: How long the frame is shown; exact, for a 60th of a second, too.
        plays: How often the animation plays; 0 is for ever.
    """

    milliseconds: Fraction
    plays: int


@dataclass(frozen=True)
class Image:
    """Pixels the right way up: of a picture, a page, or a frame that covers the whole canvas.

    Attributes:
        color: (H, W, 3) RGB or (H, W, 1) gray, uint8 or uint16 over the whole range of the type.
        alpha: (H, W) of the same type as ``color``, not premultiplied; None when opaque.
        metadata: ICC, EXIF, DPI.
        format: Container it came from, as the codec calls it: ``jpg``, ``png``...
        timing: Of a frame; None for a still picture.
    """

    color: Pixels
    alpha: Pixels | None = None
    metadata: Metadata = field(default_factory=Metadata)
    format: str = "png"
    timing: Timing | None = None

    @property
    def size(self) -> Size:
        return Size(self.color.shape[1], self.color.shape[0])

    @property
    def levels(self) -> int:
        """The largest value a sample can take: 255 or 65535."""
        return int(np.iinfo(self.color.dtype).max)

    @property
    def is_gray(self) -> bool:
        return int(self.color.shape[2]) == 1
