"""The table of options: ranges, recipes, and what is made from it."""

import runpy
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from sr_batch.cli.command_options import UpscaleCommand, WatchCommand, WatchedFolder
from sr_batch.core.errors import UsageError
from sr_batch.core.model_spec import Precision
from sr_batch.core.option import Encoding, Option, option, options_of
from sr_batch.core.options import Format, UpscaleOptions
from sr_batch.core.target_size import Goal
from sr_batch.inference import model_catalog
from sr_batch.upscaling.upscaler import Upscaler
from tests.core.samples import sample
from tests.networks import conv_network, make_spec

ROOT = Path(__file__).parents[2]
FORMATS = [each for each in get_args(Format) if each != "keep"]
LOSSY = {"jpg", "webp", "avif", "heic", "jxl"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scale": float("nan")}, "--scale nan: must be above 0 and at most 64"),
        ({"mode": "cmyk"}, "--mode cmyk: must be one of auto, rgb, y"),
        ({"tile": 7}, r"--tile 7: must be auto, 0 \(never tile\) or at least 32"),
        ({"overlap": -1}, "--overlap -1: must be auto, full or at least 0"),
        ({"overlap": 2.5}, "--overlap 2.5: must be auto, full or at least 0"),
        ({"tile": "auto"}, "--tile auto: must be auto, 0"),
        ({"overlap": "some"}, "--overlap some: must be auto, full or at least 0"),
        ({"format": "ico"}, "--format ico: must be one of keep, png, jpg"),
        ({"quality": 0}, "--quality 0: must be from 1 to 100"),
        ({"quality": None}, "--quality None: must be from 1 to 100"),
        ({"png_effort": "big"}, "--png-effort big: must be one of fast, small"),
        ({"metadata": "all"}, "--metadata all: must be one of keep, strip, no-gps"),
        ({"existing": "ask"}, "--existing ask: must be one of error, skip, overwrite"),
        ({"precision": "fp8"}, "--precision fp8: must be one of auto, fp32, fp16, int8"),
        ({"max_pixels": 0}, "--max-pixels 0: must be at least 1"),
        ({"jobs": 0}, "--jobs 0: must be at least 1"),
        ({"strength": 1.5}, "--strength 1.5: must be from 0 to 1"),
    ],
)
def test_a_value_out_of_range_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=f"^{message}"):
        UpscaleOptions(**values)


@pytest.mark.parametrize(
    ("command", "values"),
    [
        (WatchedFolder, {"settle": 0.0}),
        (WatchedFolder, {"rescan": -1.0}),
        (WatchedFolder, {"after": "burn"}),
        (WatchCommand, {"idle": 0.0}),
        (WatchCommand, {"serve": 65536}),
    ],
)
def test_commands_check_their_own_options(command: Any, values: dict[str, Any]) -> None:
    (name,) = values
    with pytest.raises(UsageError, match=f"^--{name} .*: must be "):
        command(**values)


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("width", "2.5", "be a whole number, written with digits only"),
        ("width", "1,000", "be a whole number, written with digits only"),
        ("width", "wide", "be a number, above 0 and at most 1000000"),
        ("scale", "2,5", "have a decimal point, not a comma"),
        ("scale", "two", "be a number, above 0 and at most 64"),
    ],
)
def test_a_text_that_is_not_such_a_number_is_refused(name: str, text: str, rule: str) -> None:
    row = next(each for each in options_of(UpscaleOptions) if each.name == name)
    with pytest.raises(UsageError, match=f"^{row.flag} {text}: must {rule}"):
        row.parse(text)


def test_a_message_shows_the_start_of_a_long_value() -> None:
    with pytest.raises(UsageError, match=r"^--width 9{60}\.\.\.: must be above 0"):
        UpscaleOptions(width=10**300 - 1)


def test_values_at_the_ends_of_ranges_are_taken() -> None:
    UpscaleOptions(scale=64, tile=0, overlap=0, quality=1, jobs=1, max_pixels=1)
    UpscaleOptions(scale=1e-9, tile=32, overlap="full", quality=100)
    numbers: dict[str, Any] = {"scale": np.float32(2), "quality": np.int64(90)}
    UpscaleOptions(**numbers)
    WatchCommand(serve=0)


@pytest.mark.parametrize("declaring", [UpscaleOptions, UpscaleCommand, WatchCommand, WatchedFolder])
def test_every_field_is_declared_as_an_option(declaring: Any) -> None:
    assert [each.name for each in options_of(declaring)] == [
        each.name for each in fields(declaring)
    ]
    with pytest.raises(FrozenInstanceError):
        declaring().model = "espcn"


@pytest.mark.parametrize("format", FORMATS)
def test_the_recipe_of_default_options_is_that_of_earlier_versions(format: str) -> None:
    """Text that is stored, as a hash, in the output folders of users: it must never change."""
    assert UpscaleOptions().encoding_recipe(format) == "95\nkeep"
    assert UpscaleOptions(metadata="strip").encoding_recipe(format) == "95\nstrip"


def test_the_recipe_of_packed_png_is_that_of_earlier_versions() -> None:
    assert UpscaleOptions(png_effort="small").encoding_recipe("png") == "95\nkeep\nsmall"
    assert UpscaleOptions(png_effort="small").encoding_recipe("jpg") == "95\nkeep"


def test_the_recipe_states_the_size_as_earlier_versions_did() -> None:
    assert str(UpscaleOptions(long_edge=3000).goal) == (
        "Goal(scale=None, width=None, height=None, long_edge=3000, short_edge=None,"
        " megapixels=None, only_if_smaller=False)"
    )


@pytest.mark.parametrize("format", FORMATS)
def test_quality_is_part_of_the_recipe_of_lossy_formats_alone(format: str) -> None:
    recipes = {UpscaleOptions(quality=quality).encoding_recipe(format) for quality in (95, 90)}
    assert len(recipes) == (2 if format in LOSSY else 1)


def recipe(**options: Any) -> str:
    base = {"model": "espcn", "precision": "int8"}
    with Upscaler(UpscaleOptions(**base | options), lambda _: None) as upscaler:
        return upscaler.recipe


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small networks in place of ``espcn`` and its partner, ``edsr``."""
    monkeypatch.setattr(model_catalog, "_FOLDERS", (tmp_path,))
    for seed, name in enumerate(("espcn", "edsr")):
        precisions: dict[Precision, str] = {"fp32": "", "int8": "_int8"}
        for precision, suffix in precisions.items():
            spec = make_spec(receptive_field=5, overlap=2, name=name)
            spec = replace(spec, precision=precision, partner="" if seed else "edsr")
            conv_network(tmp_path / f"{name}_x2{suffix}.onnx", spec=spec, seed=seed + len(suffix))


def test_the_recipe_of_pixels_follows_the_table(pair: None) -> None:
    """A recipe that forgets an option leaves outputs that are not what was asked for."""
    default = recipe()
    changed = {
        each.name
        for each in options_of(UpscaleOptions)
        if recipe(**{each.name: value_of(each)}) != default
    }
    assert changed == {o.name for o in options_of(UpscaleOptions) if o.changes == "pixels"}


def test_the_recipe_of_the_encoding_follows_the_table() -> None:
    for each in options_of(UpscaleOptions):
        changed = UpscaleOptions(**{each.name: value_of(each)})
        formats = [
            format
            for format in FORMATS
            if changed.encoding_recipe(format) != UpscaleOptions().encoding_recipe(format)
        ]
        how = each.changes
        assert formats == [
            format
            for format in FORMATS
            if isinstance(how, Encoding) and (not how.formats or format in how.formats)
        ], each.name


def value_of(option: Option) -> Any:
    value = sample(option)
    return tuple(value) if option.takes_many else value


def test_a_new_option_is_named_in_the_recipe_unless_it_is_the_default() -> None:
    @dataclass(frozen=True)
    class More(UpscaleOptions):
        tiff_pack: str = field(
            default="none",
            metadata=option("Pack TIFF.", "Run", changes=Encoding(("tif",))),
        )

    assert More().encoding_recipe("tif") == UpscaleOptions().encoding_recipe("tif")
    assert More(tiff_pack="zip").encoding_recipe("tif") == "95\nkeep\ntiff_pack zip"
    assert More(tiff_pack="zip").encoding_recipe("png") == "95\nkeep"


def test_sizes_are_options_of_the_batch() -> None:
    assert options_of(UpscaleOptions)[: len(fields(Goal))] == options_of(Goal)


def test_the_page_of_options_is_up_to_date() -> None:
    page = runpy.run_path(str(ROOT / "docs" / "options.py"))["page"]
    assert (ROOT / "docs" / "options.md").read_text("utf-8") == page(), "run docs/options.py"


@pytest.mark.parametrize(
    ("word", "format"),
    [
        *(("jpeg", "jpg"), ("jpe", "jpg"), ("tiff", "tif"), ("heif", "heic")),
        *(("JPG", "jpg"), ("Jpeg", "jpg"), ("TIFF", "tif"), ("KEEP", "keep")),
    ],
)
def test_a_format_has_synonyms_in_any_case(word: Any, format: str) -> None:
    assert UpscaleOptions(format=word).format == format
    assert UpscaleOptions(format=word) == UpscaleOptions(format=format)
