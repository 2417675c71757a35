"""Make docs/serve.png and docs/serve-viewer.png: the page of `sr-batch serve`, in Chromium.

Needs what the tests need: `apt-get install chromium`. Run it again when the page looks different.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

HERE = Path(__file__).parent
PHOTOS = sorted((HERE.parent / "examples" / "photos").glob("*.jpg"))
COLORS = 256  # of the palette: a picture of the page is to be small
PATIENCE = 600_000  # milliseconds


def main() -> None:
    """Write the pictures beside this file."""
    expect.set_options(timeout=PATIENCE)
    with _server() as address, sync_playwright() as started:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = browser.new_page(viewport={"width": 1080, "height": 640}, locale="en-US")
        page.goto(address)
        _enlarge(page)
        _save(page, "serve.png")
        page.set_viewport_size({"width": 720, "height": 460})
        _view(page, "astronaut.jpg")
        _save(page, "serve-viewer.png")
        browser.close()


@contextmanager
def _server() -> Iterator[str]:
    command = [sys.executable, "-m", "sr_batch", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        yield found[0]
        process.terminate()


def _enlarge(page: Page) -> None:
    """All photographs but the last one, which waits for the button."""
    expect(page.locator("#formats")).to_contain_text("JPEG")
    page.set_input_files("#files", PHOTOS[:-1])
    expect(page.locator('.row[data-status="held"]')).to_have_count(len(PHOTOS) - 1)
    page.locator("#main-action").click()
    expect(page.locator('.row[data-status="done"]')).to_have_count(len(PHOTOS) - 1)
    page.set_input_files("#files", PHOTOS[-1:])
    expect(page.locator('.row[data-status="held"]')).to_have_count(1)
    expect(page.locator(".thumb[data-loaded]")).to_have_count(len(PHOTOS))
    page.mouse.move(0, 0)
    # Not the time, which is that of the machine that makes the picture.
    for state in page.locator('.row[data-status="done"] .state').all():
        state.evaluate("each => (each.textContent = each.textContent.split(' · ')[0])")


def _view(page: Page, name: str) -> None:
    """The photograph ``name``, before and after, with the face in the middle."""
    page.locator(".row", has_text=name).locator(".thumb").click()
    expect(page.locator("#viewer")).to_be_visible()
    for image in page.locator("#viewer .whole").all():
        expect(image).to_have_js_property("complete", True)
    for key in ("1", "+", *["ArrowLeft"] * 2, *["ArrowUp"] * 6):
        page.locator("#scroller").press(key)
    page.locator("#split").focus()


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(500)  # what fades in is there
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLORS, kmeans=3, dither=Image.Dither.NONE).save(HERE / name, optimize=True)


if __name__ == "__main__":
    main()
