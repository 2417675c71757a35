"""The table of formats agrees with itself, with the modules that it names, and with the options."""

from pathlib import Path
from typing import get_args

import pytest

from sr_batch import codec
from sr_batch.codec.container import Container
from sr_batch.codec.formats import FORMATS, Format, load, titles
from sr_batch.core import options
from sr_batch.core.image import Image
from sr_batch.core.option import Encoding, options_of
from sr_batch.core.options import UpscaleOptions
from tests.codec.pictures import PLENTY, smooth

ROWS = pytest.mark.parametrize("row", FORMATS.values(), ids=list(FORMATS))


@ROWS
def test_a_picture_is_written_recognised_and_read(row: Format) -> None:
    data = codec.encode_image(Image(smooth(40, 30, 3)), row.name, 95)
    assert codec.sniff(data[:512]) == row.name
    back = codec.read_image(data, "a", PLENTY)
    assert back.format == row.name
    assert back.size == Image(smooth(40, 30, 3)).size


@ROWS
def test_every_function_of_a_row_exists(row: Format) -> None:
    named = (row.decoder, row.encoder, row.binder, row.animator, row.clock)
    assert all(callable(load(function)) for function in named if function)


@ROWS
def test_alpha_is_kept_where_the_row_says_so(row: Format) -> None:
    pixels = smooth(40, 30, 4)
    data = codec.encode_image(Image(pixels[..., :3], pixels[..., 3]), row.name, 95)
    assert (codec.read_image(data, "a", PLENTY).alpha is not None) == row.alpha


@ROWS
def test_a_row_is_recognised_by_its_suffixes_and_first_bytes(row: Format) -> None:
    assert {codec.format_of_suffix(Path(f"a{suffix}")) for suffix in row.suffixes} == {row.name}
    assert bool(row.magic) != bool(row.brands)
    assert bool(row.library) == bool(row.packages)


def test_no_suffix_and_no_mime_type_belongs_to_two_formats() -> None:
    for each in ("suffixes", "mime_types", "brands", "magic"):
        values = [value for row in FORMATS.values() for value in getattr(row, each)]
        assert len(values) == len(set(values))


def test_format_and_quality_list_what_the_table_lists() -> None:
    assert set(get_args(options.Format)) == {"keep", *FORMATS}
    rows = {each.name: each for each in options_of(UpscaleOptions)}
    for name in ("quality", "png_effort"):
        encoding = rows[name].changes
        assert isinstance(encoding, Encoding)
        assert set(encoding.formats) == {
            row.name for row in FORMATS.values() if name in row.encoder_options
        }


def test_help_of_format_names_every_format() -> None:
    (help_text,) = [each.help for each in options_of(UpscaleOptions) if each.name == "format"]
    assert all(name in help_text for name in FORMATS)
    assert titles().startswith("JPEG, PNG")
    assert titles().endswith(" or JPEG XL")


def test_an_opened_file_is_a_container_or_several() -> None:
    for name, row in FORMATS.items():
        data = codec.encode_image(Image(smooth(40, 30, 3)), name, 95)
        opened = load(row.decoder)(data)
        several = opened if isinstance(opened, tuple) else (opened,)
        assert [type(each) for each in several] == [Container]
