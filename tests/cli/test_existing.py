"""``--existing``: an output's name is taken by a file that sr-batch did not write."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Photo, Starter, Tool, finish, size_of

ESPCN = ("--model", "espcn")
RATING = 0x4746  # a tag of EXIF


@pytest.mark.parametrize(
    ("policy", "code", "status"),
    [("error", 3, "failed"), ("skip", 0, "skipped"), ("overwrite", 0, "done")],
)
def test_follows_the_policy(policy: str, code: int, status: str, tool: Tool, photo: Photo) -> None:
    photo("in/a.png")
    foreign = photo("out/a.png", size=(7, 5))
    before = foreign.read_bytes()
    run = tool("upscale", "in", "-o", "out", *ESPCN, "--existing", policy, "--json")
    assert run.code == code
    (result,) = run.results
    assert result["status"] == status
    if policy == "overwrite":
        assert size_of(foreign) == (48, 32)
    else:
        assert foreign.read_bytes() == before
    if policy == "error":
        assert "--existing skip or overwrite" in result["error"]


def test_takes_a_name_template_and_patterns(tool: Tool, photo: Photo) -> None:
    photo("in/a.png")
    photo("in/b.jpg")
    kept = photo("in/raw/c.png")
    arguments = ("--include", "*.png", "--exclude", "raw", "--name", "{stem}_{width}")
    run = tool("upscale", "in", *ESPCN, *arguments, "--json")
    assert run.code == 0
    assert [result["output"] for result in run.results] == ["in_sr/a_48.png"]
    assert size_of(kept.parents[2] / "in_sr/a_48.png") == (48, 32)


def device(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))


SPECIAL: list[Callable[[Path], None]] = [os.mkfifo, Path.mkdir]
if sys.platform == "linux" and os.geteuid() == 0:
    SPECIAL.append(device)


@pytest.mark.parametrize("policy", ["error", "skip", "overwrite"])
@pytest.mark.parametrize("make", SPECIAL)
def test_what_is_not_a_file_is_never_replaced(
    make: Callable[[Path], None], policy: str, tool: Tool, photo: Photo
) -> None:
    source = photo("in/a.png")
    place = source.parents[1] / "out/a.png"
    place.parent.mkdir()
    make(place)
    before = place.lstat()
    run = tool("upscale", "in", "-o", "out", *ESPCN, "--existing", policy, "--json")
    (result,) = run.results
    assert (run.code, result["status"]) == ((0, "skipped") if policy == "skip" else (3, "failed"))
    assert (place.lstat().st_ino, place.lstat().st_mode) == (before.st_ino, before.st_mode)
    if policy != "skip":
        assert "not a file, and is kept: choose another place with -o" in result["error"]


def test_a_device_is_kept_that_took_the_place_of_an_output(tool: Tool, photo: Photo) -> None:
    """Even though the ledger says that an output of the same input was there."""
    source = photo("in/a.png")
    arguments = ("upscale", "in", "-o", "out", *ESPCN, "--json")
    assert tool(*arguments).code == 0
    place = source.parents[1] / "out/a.png"
    place.unlink()
    SPECIAL[-1](place)
    run = tool(*arguments)
    assert run.code == 3
    assert not stat.S_ISREG(place.lstat().st_mode)


def rated(path: Path) -> bytes:
    """Rate the picture as a person does with another program. Returns its bytes."""
    with Image.open(path) as picture:
        exif = picture.getexif()
        exif[RATING] = 5
        picture.save(path, quality="keep", exif=exif)
    return path.read_bytes()


@pytest.mark.parametrize("policy", ["error", "skip", "overwrite"])
def test_an_output_that_somebody_rated_is_kept(policy: str, tool: Tool, photo: Photo) -> None:
    folder = photo("in/a.jpg").parents[1]
    photo("in/b.jpg")
    arguments = ("upscale", "in", *ESPCN, "--existing", policy, "--json")
    assert tool(*arguments).code == 0
    mine = rated(folder / "in_sr/a.jpg")
    run = tool(*arguments)
    assert run.code == 0
    statuses = {result["input"]: (result["status"], result["notes"]) for result in run.results}
    assert statuses["in/b.jpg"] == ("skipped", ["already done"])
    if policy == "overwrite":
        assert statuses["in/a.jpg"][0] == "done"
        return
    note = "the output was changed since and is kept; --existing overwrite makes it again"
    assert statuses["in/a.jpg"] == ("skipped", [note])
    assert (folder / "in_sr/a.jpg").read_bytes() == mine
    photo("in/a.jpg", size=(30, 20))
    assert tool(*arguments).code == (3 if policy == "error" else 0)
    assert (folder / "in_sr/a.jpg").read_bytes() == mine


def test_two_runs_at_once_with_different_scales_do_not_mix(
    started: Starter, tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    for number in range(6):
        photo(f"in/{number}.png")
    scales = ("2", "3")
    runs = [started("upscale", "in", *ESPCN, "--scale", scale, "--json") for scale in scales]
    assert [finish(run).code for run in runs] == [0, 0]
    folders = [path for path in tmp_path.iterdir() if path.name.startswith("in_")]
    assert len(folders) == 2
    widths = [{size_of(path)[0] for path in folder.glob("*.png")} for folder in folders]
    assert sorted(map(sorted, widths)) == [[48], [72]]
    assert all(len(list(folder.glob("*.png"))) == 6 for folder in folders)
    for scale in scales:  # each finds its outputs again
        run = tool("upscale", "in", *ESPCN, "--scale", scale, "--json")
        assert {result["status"] for result in run.results} == {"skipped"}


def test_auto_takes_the_outputs_of_another_precision_for_its_own(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    """A folder may be continued on another machine; a precision that is named is exact."""
    photo("in/a.png")
    for precision, status in (
        ("int8", "done"),
        ("auto", "skipped"),
        ("int8", "skipped"),
        ("fp32", "done"),
        ("auto", "skipped"),
        ("int8", "done"),
    ):
        run = tool("upscale", "in", *ESPCN, "--device", "cpu", "--json", "--precision", precision)
        (result,) = run.results
        assert (run.code, result["status"]) == (0, status)
        if status == "done":
            assert result["precision"] == precision
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "in_sr"]


def test_outputs_of_the_former_default_network_stay_as_they_are(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    """As after an update of sr-batch, by the same command as before it."""
    photo("in/a.png")
    assert tool("upscale", "in", "--model", "edsr", "--precision", "fp32").code == 0
    before = (tmp_path / "in_sr/a.png").read_bytes()
    run = tool("upscale", "in", "--device", "cpu", "--json")
    (result,) = run.results
    assert (result["status"], result["model"]) == ("done", "photo")
    assert result["output"] == str(Path("in_x2_auto/a.png"))
    assert run.err.splitlines()[0] == (
        "in_sr already holds x2 enlargements by edsr, so these, by auto, go to in_x2_auto;"
        " to add to in_sr, give --model edsr"
    )
    assert (tmp_path / "in_sr/a.png").read_bytes() == before
    (kept,) = tool("upscale", "in", "--model", "edsr", "--json").results
    assert (kept["status"], kept["notes"]) == ("skipped", ["already done"])
