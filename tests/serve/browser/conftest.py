"""One Chromium and one server for all tests of the page.

They end with their module: Playwright runs an event loop in the thread of the tests, in which no
other test could start its own.
"""

import importlib.resources
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.cli.conftest import ENVIRONMENT

PATIENCE = 60_000  # milliseconds: for whatever a busy machine has to do
MODEL = "espcn"  # the quickest


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    assert not os.environ.get("CI"), "Chromium is missing: apt-get install chromium"
    pytest.skip("needs Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = _chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as started:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = started.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server, without the slash at its end."""
    command = [
        sys.executable,
        "-m",
        "sr_batch",
        "serve",
        "--port",
        "0",
        "--model",
        MODEL,
        "-j",
        "2",
    ]
    with subprocess.Popen(
        command,
        cwd=tmp_path_factory.mktemp("server"),
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        found = re.search(r"(http://\S+)/ ", line)
        assert found, line
        yield found[1]
        process.terminate()
        assert process.wait(30) == 0


@pytest.fixture(scope="module")
def window(browser: Browser, server: str) -> Iterator[Page]:
    """The page, opened once; `page` empties it for each test."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="de-DE", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(server)
    yield page
    context.close()


@pytest.fixture
def page(window: Page, server: str) -> Iterator[Page]:
    """The page with an empty list. All that it asks for comes from the server, without errors."""
    asked: list[str] = []
    said: list[str] = []
    listeners = _listeners(asked, said)
    for event, listener in listeners.items():
        window.on(event, listener)  # type: ignore[call-overload]
    window.set_viewport_size({"width": 1280, "height": 800})
    window.emulate_media(color_scheme="light")
    window.reload()
    expect(window.locator("#formats")).to_contain_text("JPEG")
    yield window
    for event, listener in listeners.items():
        window.remove_listener(event, listener)
    _empty(window)
    others = [url for url in asked if not url.removeprefix("blob:").startswith(f"{server}/")]
    assert asked and not others
    assert not said


def _listeners(asked: list[str], said: list[str]) -> dict[str, Callable[[Any], None]]:
    return {
        "request": lambda request: asked.append(request.url),
        "pageerror": lambda error: said.append(str(error)),
        "console": lambda message: said.extend([message.text] * _is_fault(message)),
    }


def _is_fault(message: Any) -> bool:
    """Of scripts and of the security policy; the answers 4xx that tests provoke are none."""
    return message.type in ("error", "warning") and "status of 4" not in message.text


def _empty(page: Page) -> None:
    script = """async () => {
        const {jobs} = await (await fetch("/api/v1/jobs")).json();
        await Promise.all(jobs.map(({id}) => fetch(`/api/v1/jobs/${id}`, {method: "DELETE"})));
    }"""
    page.evaluate(script)


@pytest.fixture
def drop(page: Page) -> Callable[..., None]:
    """Drops files and folders onto the page, as the system's file manager does."""
    devtools = page.context.new_cdp_session(page)

    def drop(*paths: Path) -> None:
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            event = {"type": kind, "x": 600, "y": 400, "data": data}
            devtools.send("Input.dispatchDragEvent", event)

    return drop


@pytest.fixture(scope="module")
def violations() -> Callable[[Page, str], list[str]]:
    """What axe-core finds on a page: the rule and the elements, one line each.

    All rules on the light page; on the dark one, those that depend on colors and widths.
    """
    package = importlib.resources.files("axe_playwright_python")
    script = package.joinpath("axe.min.js").read_text(encoding="utf-8")

    def run(page: Page, scheme: str) -> list[str]:
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(script)
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if scheme == "dark":
            options["runOnly"] = ["color-contrast", "target-size", "link-in-text-block"]
        place = "document.querySelector('dialog[open]') ?? document"
        found = page.evaluate(f"options => axe.run({place}, options)", options)["violations"]
        return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]

    return run
