"""``--no-record``: an output is made wherever it is asked for, and nothing is remembered of it."""

from pathlib import Path

from tests.cli.conftest import Photo, Tool, size_of

ESPCN = ("--model", "espcn")
FORGET = ("--no-record", *ESPCN)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_leaves_nothing_but_the_output(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    assert tool("upscale", "a.png", "-o", "b", *FORGET).code == 0
    assert names(tmp_path) == ["a.png", "b"]


def test_enlarges_what_an_earlier_run_has_made(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    assert tool("upscale", "a.png", "-o", "b.png", *ESPCN).code == 0
    assert tool("upscale", "b.png", "-o", "c.png", *FORGET).code == 0
    assert size_of(tmp_path / "c.png") == (96, 64)


def test_does_not_know_its_own_output(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    for code in (0, 0):  # the same bytes may be written again
        assert tool("upscale", "a.png", "-o", "b.png", *FORGET).code == code
    (tmp_path / "b.png").write_bytes(photo("other.png").read_bytes())
    assert tool("upscale", "a.png", "-o", "b.png", *FORGET).code == 3
    assert size_of(tmp_path / "b.png") == (24, 16)
