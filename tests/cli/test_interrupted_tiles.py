"""A long picture that a signal interrupts goes on with its finished tiles in the next run."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT, Finished, Photo, Tool, finish

ARGUMENTS = ("--model", "espcn", "--device", "cpu", "--jobs", "1", "--tile", "64", "--json")
# What is kept is decided by time, which a test does not have: any tile is worth keeping here.
EAGER = """
import sys
from sr_batch.batch import tile_file
from sr_batch.cli import main
tile_file._LEAST_SECONDS, tile_file._DISK_SPEED = 0.0, 1e12
sys.argv[0] = "sr-batch"
main()
"""


def interrupted(
    folder: Path, share: float, *arguments: str, number: signal.Signals = signal.SIGINT
) -> Finished:
    """Start the tool, and send it a signal when ``share`` of the work is done."""
    process = subprocess.Popen(
        [sys.executable, "-c", EAGER, "upscale", *arguments, *ARGUMENTS, "--progress"],
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdout is not None
    while json.loads(process.stdout.readline()).get("progress", 1.0) < share:
        pass
    process.send_signal(number)
    run = finish(process)
    assert run.code == 128 + number
    return run


def kept(folder: Path) -> list[Path]:
    return list(folder.glob("*_sr/.sr-batch/tiles/*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_next_run_uses_the_tiles_and_makes_the_same_bytes(
    tool: Tool, photo: Photo, tmp_path: Path, number: signal.Signals
) -> None:
    source = photo("photos/a.png", size=(384, 320))
    assert tool("upscale", "photos", "-o", "whole/", *ARGUMENTS).code == 0
    first = interrupted(tmp_path, 0.1, "photos", number=number)
    assert "photos/a.png: " in first.err
    assert "of 30 tiles are kept for the next run" in first.err
    assert len(kept(tmp_path)) == 1
    assert list((tmp_path / "photos_sr").glob("*.png")) == []
    second = tool("upscale", "photos", *ARGUMENTS)
    assert (second.code, second.summary["done"]) == (0, 1)
    assert "of 30 tiles that were kept are used" in second.err
    made = tmp_path / "photos_sr" / source.name
    assert made.read_bytes() == (tmp_path / "whole" / source.name).read_bytes()
    assert kept(tmp_path) == []


def test_a_picture_that_was_edited_meanwhile_is_computed_as_a_whole(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    source = photo("photos/a.png", size=(384, 320))
    interrupted(tmp_path, 0.1, "photos")
    source.write_bytes(photo("others/b.png", size=(384, 320)).read_bytes())
    again = tool("upscale", "photos", *ARGUMENTS)
    assert (again.code, again.err.count("are used")) == (0, 0)
    assert tool("upscale", str(source), "-o", "whole.png", *ARGUMENTS).code == 0
    made = tmp_path / "photos_sr/a.png"
    assert made.read_bytes() == (tmp_path / "whole.png").read_bytes()
    assert kept(tmp_path) == []


def test_nothing_is_kept_without_records(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("photos/a.png", size=(384, 320))
    run = interrupted(tmp_path, 0.1, "photos", "--no-record")
    assert "tiles" not in run.err
    assert not (tmp_path / "photos_sr/.sr-batch").exists()
