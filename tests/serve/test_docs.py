"""The examples of docs/serve.md, run as a reader would."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.serve.conftest import Served, picture

PAGE = (Path(__file__).parents[2] / "docs/serve.md").read_text("utf-8")


def example(language: str, contains: str) -> str:
    """The only block of the page in ``language`` that has a text."""
    blocks = re.findall(rf"```{language}\n(.+?)```", PAGE, re.DOTALL)
    (block,) = (block for block in blocks if contains in block)
    return str(block)


def test_the_python_example_enlarges_a_folder(served: Served, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "photos" / name).write_bytes(picture(kind="jpg"))
    script = example("python", "urlopen").replace("http://127.0.0.1:8590", served.address)
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == ""
    made = sorted(tmp_path.glob("*.png"))
    assert [path.name for path in made] == ["a_x2_espcn.png", "b_x2_espcn.png"]
    with Image.open(made[0]) as image:
        assert image.size == (48, 32)


@pytest.mark.skipif(
    shutil.which("curl") is None and not os.environ.get("CI"), reason="there is no curl here"
)
def test_the_curl_example_enlarges_a_picture(served: Served, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(picture(kind="jpg"))
    command = example("sh", "--data-binary").replace("http://127.0.0.1:8590", served.address)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    with Image.open(tmp_path / "photo_x2.jpg") as image:
        assert image.size == (48, 32)


def test_the_page_names_every_route_and_option(served: Served) -> None:
    paths = served.client.get("/openapi.json").json()["paths"]
    text = PAGE.replace("/ID", "/{id}").replace("/MODEL", "/{model}")
    missing = [path for path in paths if path.replace("/{which}", "/before") not in text]
    assert missing == []
    options = served.client.get("/api/v1/models").json()["options"]
    assert [option["name"] for option in options if f"`{option['name']}`" not in PAGE] == []
