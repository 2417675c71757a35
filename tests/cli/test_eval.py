import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import ROOT, Photo, Tool

PHOTOS = ROOT / "examples" / "photos"


@pytest.fixture
def folder(tmp_path: Path, photo: Photo) -> Path:
    photo("hr/a.png", (64, 50))
    photo("hr/deep/b.jpg", (50, 64))
    return tmp_path / "hr"


def test_measures_every_picture_and_the_mean(tool: Tool, folder: Path) -> None:
    run = tool("eval", folder, "--model", "espcn", "--scale", "3", "--device", "cpu")
    assert (run.code, run.err) == (0, "")
    head, first, second, last, notes = run.out.decode().splitlines()
    assert "bicubic" in head
    assert "espcn x3" in head
    assert [line.split()[0] for line in (first, second, last)] == ["a.png", "deep/b.jpg", "mean"]
    assert notes.startswith("2 of 2 pictures, border 3: PSNR in dB / SSIM of BT.601")


def test_a_network_beats_bicubic_on_a_photograph(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "hr").mkdir()
    shutil.copy(PHOTOS / "chelsea.jpg", tmp_path / "hr")
    run = tool("eval", "hr", "--model", "espcn", "--json", "--device", "cpu")
    (record,) = run.results
    assert record["picture"] == "chelsea.jpg"
    assert record["network"]["psnr"] > record["bicubic"]["psnr"] + 0.5
    assert record["network"]["ssim"] > record["bicubic"]["ssim"]
    assert run.summary == record | {"picture": "mean"}


def test_reports_a_bad_picture_in_one_line(tool: Tool, folder: Path, photo: Photo) -> None:
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])
    photo("hr/tiny.png", (9, 9))
    run = tool("eval", folder, "--model", "espcn", "--json", "--device", "cpu")
    assert run.code == 3
    assert [record["picture"] for record in run.results] == ["a.png", "deep/b.jpg"]
    broken, tiny = run.err.splitlines()
    assert "broken.png: " in broken
    assert "tiny.png: too small to measure at x2" in tiny


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "nowhere: no such folder"),
        (("hr", "--model", "refiner", "--scale", "3"), "refiner exists for x4"),
        (("hr", "--model", "edrs"), "did you mean edsr?"),
        (("hr", "--jobs", "0"), "--jobs 0: must be at least 1"),
    ],
)
def test_reports_a_mistake_in_one_line(
    tool: Tool, folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    run = tool("eval", *arguments)
    assert (run.code, run.out, len(run.err.splitlines())) == (2, b"", 1)
    assert words in run.err


def test_json_is_valid_if_nothing_differs(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "hr").mkdir()
    Image.new("RGB", (40, 40), "gray").save(tmp_path / "hr" / "flat.png")
    run = tool("eval", "hr", "--model", "espcn", "--json", "--device", "cpu")
    assert b"Infinity" not in run.out
    assert json.loads(run.out.splitlines()[0])["bicubic"]["psnr"] is None
