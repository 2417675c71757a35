"""The page in a real browser, on a real server."""

import io
import re
import zipfile
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from sr_batch.core.geometry import Size
from sr_batch.core.target_size import Goal

pytestmark = pytest.mark.slow

Drop = Callable[..., None]
Violations = Callable[[Page, str], list[str]]


def picture(path: Path, width: int = 24, height: int = 16) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


def rows(page: Page, status: str | None = None) -> Locator:
    return page.locator(f'.row[data-status="{status}"]' if status else ".row")


def sizes(text: str) -> str:
    """As the page writes them, with spaces that do not break."""
    return text.replace("x", "\u00d7").replace(" ", "\u00a0")


def enlarge(page: Page, done: int) -> None:
    page.locator("#main-action").click()
    expect(rows(page, "done")).to_have_count(done)


def opened(page: Page, path: Path) -> None:
    """Enlarge the picture at ``path``, and open the viewer."""
    page.set_input_files("#files", path)
    expect(rows(page, "held")).to_have_count(1)
    enlarge(page, 1)
    rows(page).locator(".thumb").click()
    expect(page.locator("#viewer")).to_be_visible()


def choose(page: Page, name: str, value: str) -> None:
    """As a click on the text of the radio button does."""
    page.check(f'[name="{name}"][value="{value}"]', force=True)


def test_a_bad_file_beside_good_ones_says_why_and_stops_nothing(
    page: Page, drop: Drop, tmp_path: Path
) -> None:
    bad, cut = tmp_path / "bad.png", picture(tmp_path / "cut.png")
    empty = tmp_path / "empty.png"
    bad.write_bytes(b"nothing")
    empty.touch()
    cut.write_bytes(cut.read_bytes()[:60])
    drop(picture(tmp_path / "one.png"), bad, cut, picture(tmp_path / "two.png", 30, 20), empty)
    expect(rows(page, "held")).to_have_count(3)
    reasons: list[str | re.Pattern[str]] = [re.compile("text, not JPEG"), "The file is empty"]
    expect(rows(page, "failed").locator(".error")).to_have_text(reasons)
    names = ["one.png", "bad.png", "cut.png", "two.png", "empty.png"]
    expect(rows(page).locator(".file")).to_have_text(names)
    expect(rows(page).nth(0)).to_contain_text(sizes("24 x 16 → 48 x 32"))
    choose(page, "size", "other")  # whose longer side would be 4000
    page.locator("#main-action").click()
    expect(rows(page, "held").nth(0).locator(".error")).to_contain_text("the limit is 64")
    choose(page, "size", "4")
    expect(rows(page).nth(0)).to_contain_text(sizes("24 x 16 → 96 x 64"))
    expect(page.locator("#main-action")).to_have_text("Enlarge 3 photographs")
    enlarge(page, 2)
    expect(rows(page, "failed").filter(has_text="cut.png").locator(".error")).to_contain_text(
        "runcated"
    )
    expect(page.locator("#announcement")).to_have_text(
        "Finished: 2 photographs enlarged, 3 failed."
    )
    expect(rows(page, "failed").filter(has_text="cut.png").locator(".facts")).not_to_contain_text(
        "→"
    )
    with page.expect_download() as download:
        rows(page, "done").nth(0).locator("[data-do=download]").click()
    assert download.value.suggested_filename == "one_x4_espcn.png"
    with Image.open(download.value.path()) as result:
        assert result.size == (96, 64)


def test_a_folder_of_fifty_comes_back_as_a_zip_with_its_tree(
    page: Page, drop: Drop, tmp_path: Path
) -> None:
    folder = tmp_path / "trip"
    names = [f"{'abcde'[n % 5]}/{n:02}" for n in range(50)]
    for name in names:
        picture(folder / f"{name}.png", 16, 12)
    # A browser hands out a hundred entries of a folder at a time.
    for number in range(120):
        (folder / f"{number}.txt").touch()
    drop(folder)
    expect(page.locator("#left-out")).to_have_text("120 other files in the folders left out.")
    page.locator("#main-action").click()  # also before all are there
    expect(rows(page, "done")).to_have_count(50)
    expect(page.locator("#filters [data-filter=done]")).to_have_text("Done 50")
    with page.expect_download() as download:
        page.locator("#main-action").click()
    packed = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert set(packed.namelist()) == {f"trip/{name}_x2_espcn.png" for name in names}
    assert Image.open(packed.open("trip/a/00_x2_espcn.png")).size == (32, 24)


def test_the_boundary_moves_by_keys_and_by_mouse(page: Page, tmp_path: Path) -> None:
    opened(page, picture(tmp_path / "one.png", 300, 200))
    split, layer = page.locator("#split"), page.locator("#layer-before")
    expect(split).to_be_focused()
    before = layer.evaluate("each => each.style.clipPath")
    page.keyboard.press("ArrowRight")
    expect(split).to_have_js_property("value", "51")
    expect(split).to_have_attribute("aria-valuetext", "51\u00a0% before")
    assert layer.evaluate("each => each.style.clipPath") != before
    handle = page.locator("#divider").bounding_box()
    assert handle
    page.mouse.move(handle["x"] + 1, 500)
    page.mouse.down()
    page.mouse.move(handle["x"] + 151, 520, steps=3)
    page.mouse.up()
    assert split.evaluate("each => Number(each.value)") == pytest.approx(51 + 25, abs=1)
    page.keyboard.press("Home")
    expect(split).to_have_js_property("value", "0")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).not_to_be_visible()
    expect(rows(page).locator(".thumb")).to_be_focused()


def test_zoom_100_percent_shows_the_pixels_of_the_file(
    page: Page, server: str, tmp_path: Path
) -> None:
    opened(page, picture(tmp_path / "wide.png", 1500, 60))
    identity = rows(page).get_attribute("data-id")
    result = page.request.get(f"{server}/api/v1/jobs/{identity}/result").body()
    pixels = np.asarray(Image.open(io.BytesIO(result)).convert("RGB"))
    assert pixels.shape == (120, 3000, 3)  # more than the whole view has
    page.keyboard.press("Home")  # all of it after
    with page.expect_response(re.compile("view/after.*left=")):
        page.keyboard.press("1")
    expect(page.locator("#zoom")).to_have_text("100\u00a0%")
    detail = page.locator("#layer-after .detail")
    expect(detail).to_be_visible()
    box = page.locator("#layer-after .whole").bounding_box()
    assert box and box["width"] == 3000
    left = round(-box["x"])
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    at = (100, round(box["y"]), 1200, round(box["y"]) + 110)
    assert np.array_equal(np.asarray(shown.crop(at)), pixels[:110, left + 100 : left + 1200])
    page.locator("#scroller").press("ArrowRight")
    moved = page.locator("#layer-after .whole").bounding_box()
    assert moved and moved["x"] == box["x"] - 80


def test_cancel_stops_and_keeps_the_focus_and_retry_starts_again(
    page: Page, tmp_path: Path
) -> None:
    page.set_input_files("#files", picture(tmp_path / "large.png", 1600, 1200))
    page.locator("#network > summary").click()
    choose(page, "model", "edsr")
    choose(page, "size", "4")
    page.locator("#main-action").click()
    cancel = rows(page, "running").locator("[data-do=cancel]")
    cancel.focus()
    page.keyboard.press("Enter")
    expect(rows(page, "canceled")).to_have_count(1, timeout=3000)
    retry = rows(page).locator("[data-do=retry]")
    expect(retry).to_be_focused()
    page.keyboard.press("Enter")
    expect(rows(page, "running")).to_have_count(1)
    page.locator("#cancel-all").click()
    expect(rows(page, "canceled")).to_have_count(1, timeout=3000)
    rows(page).locator("[data-do=remove]").press("Enter")
    expect(page.locator("#drop")).to_be_visible()


def test_networks_are_compared_on_a_part_and_one_is_taken(page: Page, tmp_path: Path) -> None:
    page.set_input_files("#files", picture(tmp_path / "one.png", 400, 300))
    expect(rows(page, "held")).to_have_count(1)
    rows(page).locator(".thumb").click()
    for name, checked in {"balanced": False, "photo": False, "fast": True}.items():
        page.set_checked(f'#compare-networks-chosen [value="{name}"]', checked, force=True)
    cell = page.locator('.cell[data-model="fast"]')
    size = "each => [each.naturalWidth, each.naturalHeight]"
    expect(cell.locator("img[src]")).to_be_visible()
    assert cell.locator("img").evaluate(size) == [360, 360]
    part = cell.get_attribute("data-url")
    page.locator("#crop").press("ArrowLeft")
    expect(cell).not_to_have_attribute("data-url", part or "")
    cell.get_by_role("button", name="Use fast").click()
    expect(page.locator("#network-value")).to_have_text("fast")


def test_axe_finds_nothing_and_a_phone_scrolls_only_down(
    page: Page, violations: Violations, tmp_path: Path
) -> None:
    def check(name: str) -> None:
        for scheme, width in (("light", 1280), ("dark", 412)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 860})
            assert (name, scheme, violations(page, scheme)) == (name, scheme, [])
            assert page.evaluate("document.documentElement.scrollWidth") == width, name

    check("empty")
    page.set_input_files("#files", picture(tmp_path / f"{'long name' * 9}.png", 90, 60))
    expect(rows(page, "held")).to_have_count(1)
    enlarge(page, 1)
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"nothing")
    page.set_input_files("#files", [*(picture(tmp_path / f"{n}.png") for n in range(2)), bad])
    expect(rows(page, "held")).to_have_count(2)
    expect(rows(page, "failed")).to_have_count(1)
    opened = "document.querySelectorAll('#settings details').forEach(each => each.open = true)"
    page.evaluate(opened)
    choose(page, "size", "other")
    check("list and settings")
    rows(page, "done").locator(".thumb").click()
    check("viewer")
    page.keyboard.press("Escape")
    page.locator("#compare-networks").click()
    check("comparison")


def test_sizes_before_the_work_are_those_of_the_command_line(page: Page) -> None:
    goals = [
        {"scale": 1.5},
        {"width": 333},
        {"height": 1000},
        {"width": 999, "height": 200},
        {"long_edge": 4001},
        {"short_edge": 77},
        {"megapixels": 1.7},
        {"long_edge": 100, "only_if_smaller": True},
    ]
    sizes = [Size(640, 427), Size(75, 1201), Size(201, 201)]
    cases = [(goal, size) for goal, size in product(goals, sizes)]
    script = """async (cases) => {
        const {enlarged} = await import("/static/size.js");
        return cases.map(([options, width, height]) => enlarged(options, {width, height}));
    }"""
    planned = page.evaluate(script, [[goal, size.width, size.height] for goal, size in cases])
    real = [Goal(**goal).size_of(size) for goal, size in cases]  # type: ignore[arg-type]
    assert planned == [{"width": size.width, "height": size.height} for size in real]


def test_the_progress_of_a_run_counts_its_failures_apart(page: Page) -> None:
    script = """async (steps) => {
        const {Summary} = await import("/static/summary.js");
        const names = ["total", "sending", "active", "held", "done", "failed", "canceled"];
        const none = Object.fromEntries(names.map((name) => [name, 0]));
        let counts = none;
        const summary = new Summary({listen: () => null, where: () => [], counts: () => counts});
        return steps.map((step) => {
            counts = {...none, ...step};
            summary.show();
            return document.getElementById("overall-text").textContent;
        });
    }"""
    steps = [
        {"failed": 1, "active": 4},
        {"failed": 2, "active": 3},
        {"failed": 2, "done": 1, "active": 2},
    ]
    said = ["0 of 4 finished", "1 of 4 finished, 1 failed", "2 of 4 finished, 1 failed"]
    assert page.evaluate(script, steps) == said
