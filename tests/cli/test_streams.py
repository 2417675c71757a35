"""Standard input and output as pipes."""

import io
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Finished, Photo, Starter, Tool, finish, size_of, start

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
    left = [record["eta"] for record in run.results[:-1]]
    assert min(left) >= 0
    assert left[-1] <= left[0]
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


def closing(*descriptors: int) -> Callable[[], None]:
    """What a shell does for ``<&-``, ``>&-`` and ``2>&-``, before it starts the process."""

    def close() -> None:
        for each in descriptors:
            os.close(each)

    return close


def run_without(cwd: Path, descriptors: tuple[int, ...], *arguments: str) -> Finished:
    return finish(start("upscale", *arguments, *ESPCN, cwd=cwd, limit=closing(*descriptors)))


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
@pytest.mark.parametrize("more", [(), ("--isolate",)])
def test_needs_no_standard_streams(
    photo: Photo, tmp_path: Path, closed: tuple[int, ...], more: tuple[str, ...]
) -> None:
    photo("a.png")
    assert run_without(tmp_path, closed, "a.png", "-o", "b.png", *more).code == 0
    assert size_of(tmp_path / "b.png") == (48, 32)


def test_a_file_never_takes_the_place_of_a_closed_stream(photo: Photo, tmp_path: Path) -> None:
    """A line that is printed would otherwise go into the state file, or into an output."""
    photo("in/a.png")
    run = run_without(tmp_path, (0, 1, 2), "in", "in/gone.png", "-v", "-o", "out")
    assert run.code == 2
    (tmp_path / "in/bad.png").write_bytes(b"\x89PNG\r\n\x1a\nbad")
    run = run_without(tmp_path, (0, 1, 2), "in", "-v", "-o", "out")
    assert run.code == 3
    with sqlite3.connect(tmp_path / "out/.sr-batch/state.sqlite") as state:
        assert state.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert size_of(tmp_path / "out/a.png") == (48, 32)


def test_json_on_a_closed_standard_output_ends_in_one_line(photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    run = run_without(tmp_path, (1,), "a.png", "-o", "b.png", "--json", "-q")
    assert run.code == 1
    assert run.err == "stopped: standard output could not be written completely: it is closed\n"
    assert size_of(tmp_path / "b.png") == (48, 32)


def test_an_image_for_a_closed_standard_output_fails(photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    run = run_without(tmp_path, (1,), "a.png", "-o", "-", "-q")
    assert run.code == 1
    assert run.err.count("standard output could not be written completely: it is closed") == 1


def test_a_closed_standard_input_cannot_be_read(tmp_path: Path) -> None:
    run = run_without(tmp_path, (0,), "-", "-o", "b.png", "-q")
    assert run.code == 3
    assert run.err == "failed: standard input: it is closed\n"


@pytest.mark.parametrize(
    "command", [["models", "list"], ["--help"], ["--version"], ["plugin", "status"]]
)
def test_a_command_that_cannot_print_fails_in_one_line(tmp_path: Path, command: list[str]) -> None:
    run = finish(start(*command, cwd=tmp_path, limit=closing(1)))
    assert run.code == 1
    assert run.err == "sr-batch: standard output could not be written completely: it is closed\n"


def test_a_full_disk_under_standard_error_stops_nothing(photo: Photo, tmp_path: Path) -> None:
    photo("a.png")

    def fill() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 2)

    run = finish(start("upscale", "a.png", *ESPCN, cwd=tmp_path, limit=fill))
    assert run.code == 0
    assert size_of(tmp_path / "a_x2_espcn.png") == (48, 32)
