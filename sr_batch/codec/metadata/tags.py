"""Numbers of the TIFF and EXIF tags that are read or written here."""

from enum import IntEnum

from sr_batch.codec.metadata.unread import CREDENTIALS


class Tag(IntEnum):
    """Tags by name."""

    SUBFILE = 254
    OLD_SUBFILE = 255
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_COUNTS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR = 284
    GROUP3_OPTIONS = 292
    GROUP4_OPTIONS = 293
    RESOLUTION_UNIT = 296
    PAGE_NUMBER = 297
    PREDICTOR = 317
    TRANSFER_FUNCTION = 301
    WHITE_POINT = 318
    PRIMARIES = 319
    PALETTE = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_COUNTS = 325
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    SUB_DIRECTORIES = 330
    JPEG_TABLES = 347
    YCBCR_COEFFICIENTS = 529
    YCBCR_SUBSAMPLING = 530
    YCBCR_POSITIONING = 531
    REFERENCE_BLACK_WHITE = 532
    XMP = 700
    IPTC = 33723
    LEAF = 34310
    PHOTOSHOP = 34377
    EXIF = 34665
    ICC = 34675
    GPS = 34853
    INTEROPERABILITY = 40965
    COLOR_SPACE = 40961
    PIXEL_WIDTH = 40962
    PIXEL_HEIGHT = 40963
    SUBJECT_AREA = 37396
    SUBJECT_LOCATION = 41492
    FOCAL_PLANE_X = 41486
    FOCAL_PLANE_Y = 41487
    DNG = 50706


# Tags that a decoder needs to find and unpack pixels. 512 to 521 belong to old-style JPEG.
OF_PIXELS = frozenset(
    (
        *(Tag.WIDTH, Tag.HEIGHT, Tag.BITS, Tag.COMPRESSION, Tag.PHOTOMETRIC, Tag.FILL_ORDER),
        *(Tag.STRIP_OFFSETS, Tag.SAMPLES, Tag.ROWS_PER_STRIP, Tag.STRIP_COUNTS, Tag.PLANAR),
        *(Tag.GROUP3_OPTIONS, Tag.GROUP4_OPTIONS, Tag.PREDICTOR, Tag.PALETTE, Tag.TILE_WIDTH),
        *(Tag.TILE_HEIGHT, Tag.TILE_OFFSETS, Tag.TILE_COUNTS, Tag.EXTRA_SAMPLES, Tag.JPEG_TABLES),
        *(Tag.YCBCR_COEFFICIENTS, Tag.YCBCR_SUBSAMPLING, Tag.YCBCR_POSITIONING),
        *(Tag.REFERENCE_BLACK_WHITE, *range(512, 522)),
    )
)
# Where the pixels lie on the earth: GeoTIFF. These speak of the pixels of the input.
GEOGRAPHIC = frozenset((33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113))
# Of the tags of pixels, those with several values.
LISTS = frozenset(
    (
        *(Tag.BITS, Tag.STRIP_OFFSETS, Tag.STRIP_COUNTS, Tag.TILE_OFFSETS, Tag.TILE_COUNTS),
        *(Tag.PALETTE, Tag.EXTRA_SAMPLES, Tag.YCBCR_SUBSAMPLING, *range(519, 522)),
    )
)
# Of the others, those that say how the file stored, printed or previewed its pixels.
TECHNICAL = frozenset(
    (
        *(
            *range(254, 269),
            *range(273, 285),
            *range(286, 301),
            *range(317, 348),
            512,
            50341,
            59932,
        ),
        *GEOGRAPHIC,
    )
)
# Names of tags that are not read, for notes.
UNREAD_NAMES = {
    37724: "layers of Photoshop",
    50838: "metadata of ImageJ",
    50839: "metadata of ImageJ",
    52545: CREDENTIALS,
}
# Descriptive tags, and the EXIF and GPS directories: the EXIF block of a TIFF.
OF_EXIF = frozenset(
    (
        *(269, 270, 271, 272, 285, 305, 306, 315, 316, 18246, 18249, 33432),
        *range(40091, 40096),
        *(Tag.EXIF, Tag.GPS),
    )
)
# In the first directory of an EXIF block these describe how another file stored its pixels,
# layers and padding.
OF_FILE = OF_PIXELS | frozenset(
    (
        *(*range(254, 269), *range(279, 285), *range(286, 305), *range(317, 348)),
        *(Tag.ICC, Tag.XMP, Tag.IPTC, Tag.PHOTOSHOP, 37724, 59932),
    )
)
