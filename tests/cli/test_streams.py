"""Standard input and output as pipes."""

import io
from pathlib import Path

from PIL import Image

from tests.cli.conftest import Photo, Starter, Tool, finish

ESPCN = ("--model", "espcn")


def test_pipes_an_image_through(tool: Tool, photo: Photo) -> None:
    run = tool("upscale", "-", "-o", "-", *ESPCN, data=photo("a.jpg").read_bytes())
    assert run.code == 0
    with Image.open(io.BytesIO(run.out)) as image:
        image.load()
        assert (image.size, image.format) == ((48, 32), "JPEG")


def test_writes_standard_input_into_a_file(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    data = photo("a.png").read_bytes()
    assert tool("upscale", "-", "-o", "b.png", *ESPCN, data=data).code == 0
    with Image.open(tmp_path / "b.png") as image:
        assert image.size == (48, 32)


def test_writes_nothing_for_a_bad_image_from_a_pipe(tool: Tool) -> None:
    run = tool("upscale", "-", "-o", "-", *ESPCN, data=b"no image")
    assert run.code == 3
    assert run.out == b""
    assert "standard input" in run.err


def test_json_and_an_image_cannot_share_standard_output(tool: Tool, photo: Photo) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", "-o", "-", "--json", *ESPCN)
    assert run.code == 2
    assert run.out == b""
    assert "--json" in run.err


def test_prints_the_progress_as_json(tool: Tool, photo: Photo) -> None:
    photo("a.png", size=(96, 96))
    run = tool("upscale", "a.png", "--json", "--progress", "--tile", "48", *ESPCN)
    assert [record.get("progress") for record in run.results] == [0.25, 0.5, 0.75, 1.0, None]
    assert run.results[-1]["status"] == "done"
    assert run.summary["done"] == 1


def test_a_closed_pipe_ends_the_run_in_one_line(started: Starter, photo: Photo) -> None:
    for number in range(40):
        photo(f"photos/{number:03}.png", size=(96, 96))
    process = started("upscale", "photos", *ESPCN, "--json")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    run = finish(process)
    assert run.code == 1
    assert "standard output" in run.err


def test_follows_links_without_a_suffix(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    """ImageMagick passes files so: both are links, and the output's target does not exist yet."""
    source = photo("some photo.jpg")
    source.chmod(0o640)
    (tmp_path / "in").symlink_to(source)
    (tmp_path / "out").symlink_to(tmp_path / "made")
    run = tool("upscale", "in", "-o", "out", "--no-record", *ESPCN)
    assert run.code == 0, run.err
    assert (tmp_path / "out").is_symlink()
    with Image.open(tmp_path / "made") as image:
        assert (image.size, image.format) == ((48, 32), "PNG")
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o640
