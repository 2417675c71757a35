"""``--dry-run`` shows outputs and costs, and writes nothing."""

from pathlib import Path

from tests.cli.conftest import Photo, Tool

ESPCN = ("--model", "espcn")


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_shows_the_outputs_and_writes_nothing(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("in/a.png")
    photo("in/b.jpg", size=(40, 30))
    before = files(tmp_path)
    fp32 = ("--precision", "fp32")
    run = tool("upscale", "in", *ESPCN, *fp32, "--scale", "8", "--dry-run")
    assert run.code == 0
    assert files(tmp_path) == before
    assert "in/a.png -> in_sr/a.png: 24x16 -> 192x128 by espcn x4, x2 in fp32, about " in run.err
    assert "in/b.jpg -> in_sr/b.jpg: 40x30 -> 320x240 by espcn x4, x2 in fp32, about " in run.err
    assert "2 images: 2 to do (about " in run.err


def test_prints_the_same_as_json(tool: Tool, photo: Photo) -> None:
    photo("in/a.png")
    run = tool("upscale", "in", *ESPCN, "--long-edge", "30", "--dry-run", "--json")
    (planned,) = run.results
    assert planned["status"] == "planned"
    assert planned["input_size"] == [24, 16]
    assert planned["output_size"] == [30, 20]
    assert planned["passes"] == [2]
    assert planned["seconds"] > 0
    assert planned["bytes"] == 900
    assert run.summary["planned"] == run.summary["not_run"] == 1


def test_shows_what_is_done_and_what_would_fail(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("in/a.png")
    assert tool("upscale", "in", "--model", "espcn").code == 0
    photo("in/b.png")
    (tmp_path / "in/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    photo("in_sr/b.png", size=(3, 3))
    run = tool("upscale", "in", "--model", "espcn", "--dry-run", "--json")
    assert run.code == 3
    status = {Path(result["input"]).name: result["status"] for result in run.results}
    assert status == {"a.png": "skipped", "b.png": "failed", "broken.png": "failed"}
