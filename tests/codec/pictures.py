"""Small pictures, metadata and files for the tests of the codec, all made here."""

import functools
import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
import tifffile
from PIL import Image as Pillow
from PIL import ImageCms

from sr_batch import codec
from sr_batch.codec.metadata import ifd, photoshop
from sr_batch.codec.metadata.tags import Tag
from sr_batch.core.image import Image, Metadata, Pixels

PLENTY = 10**8
pillow_heif.register_heif_opener()  # for Pillow, as another reader
GPS = {1: "N", 2: (37.0, 45.0, 1.5), 3: "W", 4: (122.0, 9.0, 2.5)}


def noise(*shape: int, depth: int = 8) -> Pixels:
    dtype = np.uint8 if depth == 8 else np.uint16
    return np.random.default_rng(sum(shape)).integers(0, 2**depth, shape).astype(dtype)


def smooth(*shape: int) -> npt.NDArray[np.uint8]:
    """What lossy formats keep well."""
    return cv2.GaussianBlur(noise(*shape), (0, 0), 4).astype(np.uint8).reshape(shape)


def picture(channels: int, alpha: bool, depth: int, height: int = 13, width: int = 17) -> Image:
    return Image(
        noise(height, width, channels, depth=depth),
        noise(height, width, depth=depth) if alpha else None,
    )


@functools.cache
def srgb_profile() -> bytes:
    """Always the same bytes: a profile holds the second it was made in."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def camera_exif(orientation: int | None = None, order: str = "<") -> bytes:
    """An EXIF block with maker, lens, dimensions, GPS and a thumbnail directory; no prefix."""
    block = Pillow.Exif()
    block.endian = order
    block[271], block[272], block[306] = "Maker", "Camera 1", "2024:05:06 07:08:09"
    if orientation is not None:
        block[274] = orientation
    block.get_ifd(Tag.EXIF).update({37386: 50.0, 36867: "2024:05:06 07:08:09"})
    block.get_ifd(Tag.EXIF).update({int(Tag.PIXEL_WIDTH): 17, int(Tag.PIXEL_HEIGHT): 13})
    block.get_ifd(Tag.GPS).update(GPS)
    return with_thumbnail(block.tobytes().removeprefix(b"Exif\0\0"))


def with_thumbnail(block: bytes) -> bytes:
    """``block`` with a second directory at its end."""
    order, offset, _ = ifd.read_header(block)
    directory = ifd.read_directory(block, offset, order)
    block += bytes(len(block) % 2)
    patched = bytearray(block)
    struct.pack_into(f"{order}I", patched, directory.next_at, len(block))
    thumbnail = {513: ifd.integers(order, ifd.LONG, 0), 514: ifd.integers(order, ifd.LONG, 0)}
    return bytes(patched) + ifd.write_tree(thumbnail, order, len(block))


IPTC_RECORD = b"\x1c\x02\x00\x00\x02\x00\x04" + b"\x1c\x02\x78\x00\x05A cat"  # caption


def xmp_packet(orientation: int = 1, *, as_elements: bool = False) -> bytes:
    """Title, city, dimensions, place and a thumbnail, as programs write them: in two fashions."""
    properties = {
        "tiff:Orientation": str(orientation),
        "tiff:ImageWidth": "17",
        "tiff:ImageLength": "13",
        "exif:PixelXDimension": "17",
        "exif:PixelYDimension": "13",
        "exif:GPSLatitude": "37,45.025N",
        "exif:GPSLongitude": "122,9.04W",
        "photoshop:City": "Paris",
    }
    attributes = "" if as_elements else "".join(f' {k}="{v}"' for k, v in properties.items())
    elements = "".join(f"<{k}>{v}</{k}>" for k, v in properties.items()) if as_elements else ""
    spaces = {
        "tiff": "http://ns.adobe.com/tiff/1.0/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "dc": "http://purl.org/dc/elements/1.1/",
    }
    named = "".join(f' xmlns:{name}="{uri}"' for name, uri in spaces.items())
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""{named}{attributes}>{elements}
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">A cat</rdf:li></rdf:Alt></dc:title>
   <xmp:Thumbnails><rdf:Alt><rdf:li>stale</rdf:li></rdf:Alt></xmp:Thumbnails>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


def full_metadata() -> Metadata:
    return Metadata(
        icc=srgb_profile(),
        exif=camera_exif(),
        xmp=xmp_packet(),
        photoshop=photoshop.of_iptc(IPTC_RECORD),
        dpi=(300.0, 150.0),
    )


def open_pillow(data: bytes) -> Pillow.Image:
    opened = Pillow.open(io.BytesIO(data))
    opened.load()
    return opened


def open_opencv(data: bytes) -> npt.NDArray[Any]:
    """(H, W, C) in the order of RGB and alpha."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    if decoded.ndim == 2:
        return decoded[..., None]
    return decoded[..., [2, 1, 0, 3][: decoded.shape[2]]]


def saved(pixels: Pillow.Image, kind: str, **options: Any) -> bytes:
    """What Pillow writes."""
    out = io.BytesIO()
    pixels.save(out, kind, **options)
    return out.getvalue()


def by_tifffile(pixels: npt.NDArray[Any], **options: Any) -> bytes:
    """What tifffile writes of (H, W), (H, W, S) or (S, H, W)."""
    out = io.BytesIO()
    tifffile.imwrite(out, pixels, metadata=None, **options)
    return out.getvalue()


def read(data: bytes) -> Image:
    return codec.read_image(data, "picture", PLENTY)


def merged(image: Image) -> npt.NDArray[Any]:
    """(H, W, channels and alpha)."""
    if image.alpha is None:
        return image.color
    return np.concatenate((image.color, image.alpha[..., None]), axis=2)


def png_chunk(name: bytes, payload: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + payload))
    return struct.pack(">I", len(payload)) + name + payload + checksum


def png_file(
    width: int, height: int, bits: int, kind: int, rows: bytes, *extra: tuple[bytes, bytes]
) -> bytes:
    """A PNG of ``rows``, each led by its filter; ``extra`` chunks come before the pixels."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)),
        *extra,
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def unfiltered(samples: npt.NDArray[Any]) -> bytes:
    """Rows of a PNG without filters, 16 bit in its byte order."""
    big = samples.astype(samples.dtype.newbyteorder(">"))
    return b"".join(b"\0" + row.tobytes() for row in big)


def tiff_file(
    pixels: npt.NDArray[Any],
    order: str = "<",
    *,
    tile: int | None = None,
    separate: bool = False,
    deflate: bool = False,
    predictor: bool = False,
    tags: Mapping[Tag, int | Sequence[int]] = MappingProxyType({}),
) -> bytes:
    """A TIFF of (H, W, S) pixels in strips of 5 rows or in square tiles.

    ``tags`` come on top or replace the usual ones.
    """
    height, width, count = pixels.shape
    planes = np.moveaxis(pixels, 2, 0)[..., None] if separate else pixels[None]
    segments = [part for plane in planes for part in _segments(plane, tile)]
    body, offsets, lengths = bytearray(8), [], []
    for segment in segments:
        if predictor:
            segment = np.diff(segment, axis=1, prepend=np.zeros_like(segment[:, :1]))
        raw = segment.astype(pixels.dtype.newbyteorder(order)).tobytes()  # type: ignore[arg-type]
        offsets.append(len(body))
        body += zlib.compress(raw) if deflate else raw
        lengths.append(len(body) - offsets[-1])
        body += bytes(len(body) % 2)
    values: dict[int, int | Sequence[int]] = {
        Tag.WIDTH: width,
        Tag.HEIGHT: height,
        Tag.BITS: [pixels.dtype.itemsize * 8] * count,
        Tag.COMPRESSION: 8 if deflate else 1,
        Tag.PHOTOMETRIC: 1 if count < 3 else 2,
        Tag.SAMPLES: count,
        Tag.PLANAR: 2 if separate else 1,
        Tag.PREDICTOR: 2 if predictor else 1,
    }
    if tile:
        values |= {Tag.TILE_WIDTH: tile, Tag.TILE_HEIGHT: tile}
        values |= {Tag.TILE_OFFSETS: offsets, Tag.TILE_COUNTS: lengths}
    else:
        values |= {Tag.ROWS_PER_STRIP: 5}
        values |= {Tag.STRIP_OFFSETS: offsets, Tag.STRIP_COUNTS: lengths}
    values.update({int(tag): value for tag, value in tags.items()})
    listed = {tag: [v] if isinstance(v, int) else v for tag, v in values.items()}
    tree = {tag: ifd.integers(order, ifd.LONG, *numbers) for tag, numbers in listed.items()}
    return bytes(ifd.header(order, len(body)) + body[8:] + ifd.write_tree(tree, order, len(body)))


def _segments(plane: npt.NDArray[Any], tile: int | None) -> list[npt.NDArray[Any]]:
    height, width = plane.shape[:2]
    if tile is None:
        return [plane[top : top + 5] for top in range(0, height, 5)]
    room = np.pad(plane, ((0, -height % tile), (0, -width % tile), (0, 0)))
    return [
        room[top : top + tile, left : left + tile]
        for top in range(0, height, tile)
        for left in range(0, width, tile)
    ]
