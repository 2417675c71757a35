"""What an output folder records of its outputs, and runs with ``--no-record``."""

from pathlib import Path

import pytest

from sr_batch.batch.output_ledger import Ledger
from sr_batch.core.options import UpscaleOptions
from sr_batch.files.reading import content_hash
from tests.cli.conftest import Photo, Tool, size_of
from tests.fakes import save_picture
from tests.runs import go

ESPCN = ("--model", "espcn")
FORGET = ("--no-record", *ESPCN)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_leaves_nothing_but_the_output(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    assert tool("upscale", "a.png", "-o", "b", *FORGET).code == 0
    assert names(tmp_path) == ["a.png", "b"]


def test_enlarges_the_output_of_an_earlier_run(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    assert tool("upscale", "a.png", "-o", "b.png", *ESPCN).code == 0
    assert tool("upscale", "b.png", "-o", "c.png", *FORGET).code == 0
    assert size_of(tmp_path / "c.png") == (96, 64)


def test_does_not_recognize_its_own_output(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    for code in (0, 0):  # the same bytes may be written again
        assert tool("upscale", "a.png", "-o", "b.png", *FORGET).code == code
    (tmp_path / "b.png").write_bytes(photo("other.png").read_bytes())
    assert tool("upscale", "a.png", "-o", "b.png", *FORGET).code == 3
    assert size_of(tmp_path / "b.png") == (24, 16)


def test_a_quality_that_has_no_effect_makes_nothing_again(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    for name in ("a.png", "b.tif", "c.bmp", "d.gif", "e.jpg", "f.webp"):
        photo(f"in/{name}")
    assert tool("upscale", "in", *ESPCN, "--json").summary["done"] == 6
    run = tool("upscale", "in", *ESPCN, "--quality", "90", "--json")
    done = {Path(result["input"]).name for result in run.results if result["status"] == "done"}
    assert done == {"e.jpg", "f.webp"}
    assert run.summary["skipped"] == 4


@pytest.mark.parametrize(
    ("kind", "options", "recipe"),
    [
        ("png", UpscaleOptions(), b"nearest\npng\n95\nkeep"),
        ("png", UpscaleOptions(quality=90), b"nearest\npng\n95\nkeep"),
        ("png", UpscaleOptions(png_effort="small"), b"nearest\npng\n95\nkeep\nsmall"),
        ("tif", UpscaleOptions(metadata="strip"), b"nearest\ntif\n95\nstrip"),
        ("jpg", UpscaleOptions(), b"nearest\njpg\n95\nkeep"),
        ("jpg", UpscaleOptions(quality=90), b"nearest\njpg\n90\nkeep"),
    ],
)
def test_records_what_earlier_versions_recorded(
    kind: str,
    options: UpscaleOptions,
    recipe: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What they made is done: a recipe with another hash would make it again."""
    monkeypatch.chdir(tmp_path)
    save_picture(Path("in") / f"a.{kind}")
    go("in", options=options)
    target = Path("in_sr") / f"a.{kind}"
    entry = Ledger(target.parent.resolve(), pytest.fail).find(target.resolve())
    assert entry
    assert entry.recipe == content_hash(recipe)
