import pytest

from sr_batch import codec
from sr_batch.codec.limits import MAX_INPUT_SIDE, require_within
from sr_batch.core.errors import ImageTooLarge
from sr_batch.core.geometry import Size


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("jpg", Size(65500, 10)),
        ("webp", Size(10, 16383)),
        ("png", Size(10**6, 3)),
        ("bmp", Size(9, 9)),
        ("tif", Size(40000, 40000)),
        ("avif", Size(16384, 16384)),
        ("avif", Size(32768, 8192)),
        ("heic", Size(16384, 8704)),
        ("jxl", Size(10**6, 10**4)),
    ],
)
def test_allows_what_fits(kind: str, size: Size) -> None:
    codec.require_fits(size, kind, "a.png")


@pytest.mark.parametrize(
    ("kind", "size", "limit"),
    [
        ("jpg", Size(65501, 1), "65500"),
        ("jpg", Size(1, 65501), "65500"),
        ("webp", Size(16384, 1), "16383"),
        ("bmp", Size(40000, 40000), "4 GiB"),
        ("avif", Size(32769, 1), "32768"),
        ("avif", Size(16385, 16384), "268,435,456 pixels"),
        ("heic", Size(1, 16385), "16384"),
        ("heic", Size(12000, 12000), "142,606,336 pixels"),
    ],
)
def test_refuses_what_does_not_fit_before_any_work(kind: str, size: Size, limit: str) -> None:
    with pytest.raises(ImageTooLarge, match=rf"^a\.jpg: {size} .*{limit}.*--format png$"):
        codec.require_fits(size, kind, "a.jpg")


def test_names_the_option_that_raises_the_pixel_limit() -> None:
    require_within(Size(100, 100), 10_000)
    with pytest.raises(ImageTooLarge, match=r"--max-pixels 10100$"):
        require_within(Size(101, 100), 10_000)


def test_refuses_sides_no_decoder_takes() -> None:
    with pytest.raises(ImageTooLarge, match="side"):
        require_within(Size(MAX_INPUT_SIDE + 1, 1), 10**9)
