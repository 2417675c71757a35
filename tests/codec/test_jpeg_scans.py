"""JPEG files without their end marker: a whole picture is read, any other is refused."""

from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.core.errors import UnreadableImage
from tests.codec.pictures import open_pillow, read, saved, smooth

NOTE = "the end marker is missing, but the picture is whole"
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("RGB", {"subsampling": 0}),
    ("RGB", {"subsampling": 2}),
    ("L", {}),
    ("CMYK", {}),
    ("RGB", {"progressive": True}),
    ("L", {"progressive": True}),
    ("RGB", {"progressive": True, "restart_marker_blocks": 3}),
    ("RGB", {"restart_marker_rows": 1, "subsampling": 1}),
    ("RGB", {"restart_marker_blocks": 1}),
]


def jpeg(mode: str, options: dict[str, Any], height: int = 50, width: int = 43) -> bytes:
    return saved(Pillow.fromarray(smooth(height, width, 3)).convert(mode), "JPEG", **options)


@pytest.mark.parametrize(("mode", "options"), KINDS)
@pytest.mark.parametrize("tail", [b"", b"\xff", bytes(1), bytes(5000)])
def test_reads_a_whole_picture_without_its_end_marker(
    mode: str, options: dict[str, Any], tail: bytes
) -> None:
    data = jpeg(mode, options)
    image = read(data[:-2] + tail)
    assert np.array_equal(image.color, read(data).color)
    if mode != "CMYK":
        assert np.array_equal(image.color.squeeze(), np.asarray(open_pillow(data)))
    assert NOTE in codec.losses(image, "jpg")[0]


@pytest.mark.parametrize(("mode", "options"), KINDS)
def test_refuses_a_picture_that_lacks_more(mode: str, options: dict[str, Any]) -> None:
    """The last byte may hold nothing but padding; then no pixel is missing."""
    data, refused = jpeg(mode, options), 0
    start = data.index(b"\xff\xda")
    cuts = [*range(3, 40), *range(40, len(data) - start, 61)]
    for cut in cuts:
        for tail in (b"", bytes(9999)):
            try:
                image = read(data[:-cut] + tail)
            except UnreadableImage:
                refused += 1
            else:
                assert np.array_equal(image.color, read(data).color), cut
                assert cut < 5
    assert refused >= 2 * len(cuts) - 4


def test_refuses_a_picture_cut_between_two_scans() -> None:
    data = jpeg("RGB", {"progressive": True})
    scans = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    tables = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xc4"]
    for at in [*scans[1:], *(table for table in tables if table > scans[0])]:
        with pytest.raises(UnreadableImage, match="its pixels end too early"):
            read(data[:at])


def test_a_whole_file_gets_no_note() -> None:
    assert codec.losses(read(jpeg("RGB", {})), "jpg") == ()
