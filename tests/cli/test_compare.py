"""``sr-batch compare``, as a real process on small pictures."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import ROOT, Photo, Tool
from tests.corpus.profiles import wide_profile
from tests.runs import digest

FAST = ("--models", "fast", "--device", "cpu")


@pytest.fixture
def portrait(tmp_path: Path, originals: dict[Path, str]) -> Path:
    path = tmp_path / "portrait.jpg"
    with Image.open(ROOT / "examples" / "photos" / "chelsea.jpg") as photo:
        photo.crop((100, 40, 260, 160)).save(path, quality=92)
    originals[path] = digest(path)
    return path


def test_writes_a_sheet_beside_the_photograph(tool: Tool, portrait: Path) -> None:
    run = tool("compare", "portrait.jpg", *FAST, "--crop", "10,20,40,30", "--json")
    assert (run.code, run.err) == (0, "")
    record = json.loads(run.out)
    assert record["output"] == "portrait_compare.png"
    ((shown,), status) = record["crops"], record["status"]
    assert (shown["input"], shown["crop"], status) == ("portrait.jpg", [10, 20, 40, 30], "done")
    names = [cell["name"] for cell in shown["cells"]]
    assert names == ["your pixels, x2", "bicubic x2", "fast x2"]
    assert shown["cells"][2]["seconds"] > 0
    assert shown["cells"][2]["provider"] == "CPUExecutionProvider"
    with Image.open(portrait) as photo, Image.open(portrait.parent / record["output"]) as sheet:
        assert list(sheet.size) == record["size"]
        pixels = np.asarray(photo.crop((10, 20, 50, 50))).repeat(2, 0).repeat(2, 1)
        assert contains(np.asarray(sheet), pixels)


def contains(sheet: np.ndarray, pixels: np.ndarray) -> bool:
    """Whether ``pixels`` are somewhere on ``sheet``."""
    height, width, _ = pixels.shape
    rows, columns = np.nonzero((sheet == pixels[0, 0]).all(axis=2))
    return any(
        np.array_equal(sheet[top : top + height, left : left + width], pixels)
        for top, left in zip(rows, columns, strict=True)
    )


def test_the_default_is_every_network_for_real_use(tool: Tool, portrait: Path) -> None:
    run = tool("compare", portrait, "--crop", "10,20,24,16", "--scale", "4", "--device", "cpu")
    assert (run.code, run.err) == (0, "")
    line = run.out.decode()
    names = ("your pixels, x4", "bicubic x4", "balanced x4", "edsr x4", "espcn x4", "fast x4")
    assert line.startswith(f"{portrait.parent / 'portrait_compare.png'}: your pixels, x4, ")
    assert all(name in line for name in names)
    assert not any(name in line for name in ("srcnn", "vdsr", "resnet"))


def test_auto_is_the_default_and_may_be_given_twice(tool: Tool, portrait: Path) -> None:
    run = tool("compare", portrait, *FAST, "--scale", "4", "--json")
    (first,) = json.loads(run.out)["crops"]
    assert first["crop"][2:] == [96, 96]
    twice = (*FAST, "--scale", "4", "--crop", "0,0,9,9", "--crop", "auto", "--crop", "auto")
    again = tool("compare", portrait, *twice, "-o", "again.png", "--json")
    assert [each["crop"] for each in json.loads(again.out)["crops"]] == [
        [0, 0, 9, 9],
        first["crop"],
    ]


def test_crops_are_those_that_a_viewer_shows(tool: Tool, tmp_path: Path) -> None:
    upright = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    exif = Image.Exif()
    exif[0x112] = 6  # stored a quarter turn counterclockwise
    Image.fromarray(np.rot90(upright)).save(tmp_path / "turned.png", exif=exif)
    run = tool("compare", "turned.png", *FAST, "--crop", "5,7,30,20", "--json")
    assert run.code == 0, run.err
    sheet = np.asarray(Image.open(tmp_path / "turned_compare.png"))
    assert contains(sheet, upright[7:27, 5:35].repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK", "I;16", "P3"])
def test_every_kind_of_picture_looks_right(tool: Tool, tmp_path: Path, mode: str) -> None:
    red = Image.new("RGB", (40, 30), (200, 40, 40))
    icc = wide_profile() if mode == "P3" else None
    name = "a.jpg" if mode == "CMYK" else "a.png"
    if mode == "I;16":
        deep = np.full((30, 40), 40 * 257, np.uint16)
        Image.fromarray(deep).save(tmp_path / name)
    else:
        red.convert("RGB" if mode == "P3" else mode).save(tmp_path / name, icc_profile=icc)
    run = tool("compare", name, *FAST, "--crop", "4,4,20,16")
    assert run.code == 0, run.err
    sheet = np.asarray(Image.open(tmp_path / "a_compare.png").convert("RGB"))
    expected = {"L": (88,) * 3, "LA": (88,) * 3, "I;16": (40,) * 3, "P3": (218, 0, 26)}
    near = np.abs(sheet.astype(int) - expected.get(mode, (200, 40, 40))).max(axis=2) <= 6
    assert near.sum() > 3 * 40 * 32 * 0.98
    assert ("note: a.jpg: CMYK" in run.err) == (mode == "CMYK")


def test_finished_sheets_are_kept_and_never_enlarged(tool: Tool, portrait: Path) -> None:
    sheet = portrait.parent / "portrait_compare.png"
    arguments = ("compare", "portrait.jpg", *FAST, "--crop", "10,20,24,16")
    tool(*arguments)
    before = digest(sheet)
    again = tool(*arguments)
    assert (again.code, again.out) == (0, b"")
    assert again.err.startswith("portrait_compare.png: already done; --existing overwrite")
    assert digest(sheet) == before
    upscaled = tool("upscale", ".", "-o", "out", "--model", "fast", "--device", "cpu", "--json")
    assert {each["input"]: each["status"] for each in upscaled.results} == {
        "portrait.jpg": "done",
        "portrait_compare.png": "skipped",
    }
    other = tool("compare", "portrait.jpg", *FAST, "--crop", "0,0,24,16")
    assert other.code == 0, other.err
    assert digest(sheet) != before  # made by the same command, from the same photograph


def test_a_sheet_that_somebody_changed_is_kept(tool: Tool, portrait: Path) -> None:
    sheet = portrait.parent / "portrait_compare.png"
    arguments = ("compare", "portrait.jpg", *FAST, "--crop", "10,20,24,16")
    tool(*arguments)
    with sheet.open("ab") as file:
        file.write(b"more")
    before = digest(sheet)
    assert "changed since and is kept" in tool(*arguments).err
    assert digest(sheet) == before
    assert tool(*arguments, "--existing", "overwrite").code == 0
    assert digest(sheet) != before


@pytest.mark.parametrize("existing", ["error", "skip", "overwrite"])
def test_a_foreign_file_is_replaced_only_if_it_is_asked_for(
    tool: Tool, portrait: Path, existing: str
) -> None:
    sheet = portrait.parent / "portrait_compare.png"
    shutil.copy(portrait, sheet)
    before = digest(sheet)
    run = tool("compare", portrait, *FAST, "--crop", "1,1,9,9", "--existing", existing, "--json")
    assert run.code == (3 if existing == "error" else 0)
    assert (digest(sheet) == before) == (existing != "overwrite")
    if existing == "error":
        assert "portrait_compare.png exists and is not recorded as an output" in run.err
        assert len(run.err.splitlines()) == 1


def test_several_photographs_share_a_sheet(tool: Tool, portrait: Path, photo: Photo) -> None:
    photo("other.png", (40, 30))
    (portrait.parent / "sheets").mkdir()
    run = tool("compare", portrait, "other.png", *FAST, "--crop", "2,2,9,9", "-o", "sheets")
    assert run.code == 0, run.err
    assert [path.name for path in (portrait.parent / "sheets").glob("*.png")] == [
        "portrait_compare.png"
    ]


def test_the_first_page_of_several_is_shown(tool: Tool, tmp_path: Path) -> None:
    pages = [Image.new("RGB", (30, 20), (level, 0, 0)) for level in (50, 150)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    run = tool("compare", "pages.tif", *FAST, "--crop", "2,2,9,9")
    assert run.code == 0
    assert run.err == "note: pages.tif: the first of its 2 pictures is shown\n"


def test_reads_standard_input(tool: Tool, portrait: Path) -> None:
    arguments = ("compare", "-", *FAST, "--crop", "2,2,9,9")
    run = tool(*arguments, "-o", "sheet.jpg", data=portrait.read_bytes())
    assert run.code == 0, run.err
    with Image.open(portrait.parent / "sheet.jpg") as sheet:
        assert sheet.format == "JPEG"
    unnamed = tool(*arguments, data=portrait.read_bytes())
    assert (unnamed.code, "give the sheet's with -o SHEET.png" in unnamed.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--models", "edrs"), 2, "there is no model edrs; did you mean edsr?"),
        (("--models", "refiner"), 2, "--scale 2: refiner exists for x4; choose such a --scale"),
        (("--scale", "7"), 2, "--scale 7: no model enlarges 7 times; there are x2, x3, x4"),
        (("--scale", "1.5"), 2, "--scale 1.5: networks are compared at 2, 3 or 4"),
        (("--crop", "150,100,40,40"), 2, "--crop 150,100,40,40 reaches outside the picture"),
        (("--crop", "0,0,0,9"), 2, "--crop 0,0,0,9: must be auto or X,Y,W,H"),
        (("--crop", "middle"), 2, "--crop middle: must be auto or X,Y,W,H in whole pixels"),
        (("--crop", "0,0,1001,9"), 2, "a side may have 1000 pixels; sr-batch upscale enlarges"),
        (("-o", "sheet.txt"), 2, "-o sheet.txt: give a file such as sheet.png"),
        (("-o", "-"), 2, "-o -: give a file such as sheet.png"),
        (("-o", "portrait.jpg"), 2, "portrait.jpg is one of the photographs"),
        (("--device", "tpu"), 2, "tpu"),
        (("--jobs", "0"), 2, "--jobs 0: must be at least 1"),
        (("nowhere.jpg",), 3, "nowhere.jpg: No such file"),
        (("text.txt",), 3, "text.txt: it is"),
        ((".",), 2, ". is a folder: name photographs in it, such as photo.jpg"),
        (("--max-pixels", "100"), 3, "--max-pixels"),
    ],
)
def test_reports_a_mistake_in_one_line_and_writes_nothing(
    tool: Tool, portrait: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (portrait.parent / "text.txt").write_text("hello")
    before = sorted(os.listdir(portrait.parent))  # noqa: PTH208
    run = tool("compare", portrait, *arguments)
    assert (run.code, run.out, len(run.err.splitlines())) == (code, b"", 1), run.err
    assert words in run.err
    assert sorted(set(os.listdir(portrait.parent)) - {".sr-batch"}) == before  # noqa: PTH208


@pytest.mark.slow
def test_a_photograph_of_a_hundred_megapixels_takes_seconds(tool: Tool, tmp_path: Path) -> None:
    side = 10_000
    tile = np.asarray(Image.open(ROOT / "examples" / "photos" / "chelsea.jpg"))
    big = np.tile(tile, (side // 300 + 1, side // 451 + 1, 1))[:side, :side]
    Image.fromarray(big).save(tmp_path / "big.jpg", quality=60)
    run = tool("compare", "big.jpg", "--models", "espcn", "--device", "cpu")
    assert run.code == 0, run.err  # and within the two minutes that a command has here


def test_help_says_what_it_is_for(tool: Tool) -> None:
    text = " ".join(tool("compare", "--help").out.decode().split())
    assert "Show how each model enlarges a part of your photograph." in text
    for option in ("--models", "--crop", "--scale", "--output", "--existing", "--json"):
        assert option in text
