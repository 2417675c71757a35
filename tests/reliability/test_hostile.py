"""R2 and R6: hostile names, entries that are not files, and files that other programs change.

Planning and reading have their own tests (`test_inputs`, `test_planning`, `test_reading`); here the
"""

import ctypes
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from PIL import Image as Pillow

from tests.cli.conftest import Finished, finish, start
from tests.corpus.rows import scene
from tests.corpus.table import READ
from tests.fakes import save_picture
from tests.reliability.evidence import files, leftovers, traces
from tests.runs import is_whole

NAMES = [
    b"line\nbreak.png",
    b"carriage\rreturn.png",
    b"quotes\"'`.png",
    b"-dash.png",
    b"--model.png",
    b"-",
    b"no text \xff\xfe.png",
    b"half a surrogate \xed\xa0\x80.png",
    b"colour \x1b[31m.png",
    b"bell\x07 and backspace\x08.png",
    "right to left \u202egnp.png".encode(),
    "emoji \U0001f469\u200d\U0001f680.png".encode(),
    "combined e\u0301.png".encode(),
    ("\U0001f4a5" * 62 + "abc.png").encode(),
    b"a" * 251 + b".png",
    b"no suffix",
    b"two.png.png",
    b"dots....png",
    b"end.png.",
    b"end.png ",
    b" .png",
    b"con.png",
    b"AUX",
    b"nul.tar.png",
    b"lpt1.png",
    b"back\\slash.png",
    b"colon: star* question? pipe| less< more>.png",
    b"[a].png",
    b"{stem} %s %(x)s.png",
    b"$(touch done) ; rm x &.png",
    b"~.png",
]


def run(folder: Path, *arguments: str, limit: Callable[[], None] | None = None) -> Finished:
    command = ("upscale", *arguments, "--model", "espcn", "--device", "cpu", "--json")
    return finish(start(*command, cwd=folder, limit=limit))


def told(run: Finished) -> list[str]:
    """The lines about failures; each must be printable and begin with a name."""
    lines = [line for line in run.err.splitlines() if line.startswith("failed: ")]
    assert all(line.isprintable() for line in run.err.splitlines())
    assert not [line for line in lines if "please report" in line]
    return lines


def test_hostile_names_come_out_under_the_same_bytes(tmp_path: Path) -> None:
    for number, name in enumerate(NAMES):
        save_picture(tmp_path / "in" / os.fsdecode(name), number, kind="PNG")
    before = traces(tmp_path / "in")
    first = run(tmp_path, "in")
    assert first.code == 0, first.err
    after = traces(tmp_path / "in_sr")
    expected = {name if name.endswith(b".png") else name + b".png" for name in NAMES}
    assert {os.fsencode(path.name) for path in after} == expected
    assert all(is_whole(path) for path in after)
    assert run(tmp_path, "in").summary["skipped"] == len(NAMES)
    assert traces(tmp_path / "in_sr") == after
    assert traces(tmp_path / "in") == before


def things(folder: Path) -> dict[str, str]:
    """Put all that is not a picture file into ``folder``; names, and the message for each."""
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.bind(str(folder / "socket.jpg"))
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "nowhere.png").symlink_to("nothing")
    (folder / "itself.png").symlink_to("itself.png")
    (folder / "ping.png").symlink_to("pong.png")
    (folder / "pong.png").symlink_to("ping.png")
    (folder / "loop").symlink_to("..")
    (folder / "loop.png").symlink_to("../in")
    save_picture(folder / ("a" * 255), kind="PNG")
    (folder / "closed.png").touch(mode=0)
    (folder / "closed").mkdir(mode=0)
    return {
        "pipe.png": "a pipe, not a file",
        "socket.jpg": "a socket, not a file",
        "zero.png (a link to /dev/zero)": "a device, not a file",
        "nowhere.png": "No such file or directory",
        "itself.png": "Too many levels of symbolic links",
        "ping.png": "Too many levels of symbolic links",
        "pong.png": "Too many levels of symbolic links",
        "a" * 255: "the name of its output would be longer than 255 bytes; choose another with"
        " --name or -o",
        "closed.png": "Permission denied",
        "closed": "the folder cannot be read: Permission denied",
    }


def obey_permissions() -> None:
    """Take from root the right to read and search everything (linux/capability.h)."""
    prctl = ctypes.CDLL(None).prctl
    drop, read_write, read_search = 24, 1, 2
    for right in (read_write, read_search):
        prctl(drop, right, 0, 0, 0)


def test_an_entry_that_is_not_a_file_is_one_line_and_blocks_nothing(tmp_path: Path) -> None:
    said = things(tmp_path / "in")
    save_picture(tmp_path / "in/folder.png/a.png")
    save_picture(tmp_path / "in/b.png")
    (tmp_path / "in/link.png").symlink_to("b.png")
    (tmp_path / "in/twin.png").hardlink_to(tmp_path / "in/b.png")
    ended = run(tmp_path, "in", limit=obey_permissions)
    assert ended.code == 3
    assert sorted(told(ended)) == sorted(f"failed: in/{name}: {why}" for name, why in said.items())
    assert ended.summary["done"] == len(files(tmp_path / "in_sr")) == 4


def test_a_path_that_is_too_long_for_the_system_is_one_line(tmp_path: Path) -> None:
    save_picture(tmp_path / "in/a.png")
    with deep_folder(tmp_path / "in", 20) as shallow:
        save_picture(shallow / "b.png")
        ended = run(tmp_path, "in")
    assert ended.code == 3
    (line,) = told(ended)
    assert line.endswith("the folder cannot be read: File name too long")
    assert ended.summary["done"] == 2


@contextmanager
def deep_folder(top: Path, depth: int) -> Iterator[Path]:
    """``count`` nested folders with names of 255 letters; yields the second one."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(top)
        for _ in range(depth):
            Path("d" * 255).mkdir()
            os.chdir("d" * 255)
        yield top / ("d" * 255) / ("d" * 255)
    finally:
        os.fchdir(here)
        os.close(here)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("caf\u00e9.png", "cafe\u0301.png"),
        pytest.param("Photo.png", "photo.PNG", marks=pytest.mark.soak),
    ],
)
def test_names_that_this_file_system_keeps_apart_are_two_outputs(
    one: str, other: str, tmp_path: Path
) -> None:
    for name in (one, other):
        save_picture(tmp_path / "in" / name)
    before = traces(tmp_path / "in")
    ended = run(tmp_path, "in")
    assert ended.code == 0
    assert (tmp_path / "in_sr" / one).read_bytes()
    assert (tmp_path / "in_sr" / other).read_bytes()
    assert len(traces(tmp_path / "in")) == 2
    assert traces(tmp_path / "in") == before


@pytest.mark.parametrize("output", ["in", pytest.param("in/deeper", marks=pytest.mark.soak)])
def test_an_input_folder_that_is_the_output_folder_loses_nothing(
    output: str, tmp_path: Path
) -> None:
    for name in ("png-rgb-8.png", "jpeg-rgb.jpg", "tiff-big.tif"):
        (tmp_path / "in/deeper").mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(READ[name].make())
    before = traces(tmp_path)
    assert run(tmp_path, "in", "-o", output).summary["done"] == 3
    after = traces(tmp_path)
    again = run(tmp_path, "in", "-o", output).summary
    assert (again["done"], again["failed"]) == (0, 0)
    assert traces(tmp_path) == after
    assert {path: trace for path, trace in after.items() if path in before} == before
    assert len(after) == 6


Meddle = Callable[[Path, random.Random], None]


def rewrite(path: Path, chance: random.Random) -> None:
    """Write in place and slowly, as some programs do."""
    pixels = Pillow.fromarray(scene(3, 8, 40 + chance.randrange(40), 50))
    with path.open("r+b") as file:
        pixels.save(file, "BMP")


def replace(make: Callable[[Path], None]) -> Meddle:
    """Another kind of entry takes the name."""

    def meddle(path: Path, chance: random.Random) -> None:
        path.unlink()
        make(path)

    return meddle


MEDDLING: list[Meddle] = [
    lambda path, chance: path.unlink(),
    lambda path, chance: os.truncate(path, chance.randrange(path.stat().st_size)),
    lambda path, chance: path.chmod(0),
    rewrite,
    replace(os.mkfifo),
    replace(Path.mkdir),
    replace(lambda path: path.symlink_to(path)),
]


@pytest.mark.parametrize("rounds", [1, pytest.param(30, marks=pytest.mark.soak)])
def test_files_that_change_during_the_run_are_done_or_fail(
    first: int, rounds: int, tmp_path: Path
) -> None:
    for number in range(first, first + rounds):
        _meddled(tmp_path / str(number), random.Random(number))


def _meddled(folder: Path, chance: random.Random) -> None:
    """A run during which files vanish, change and are replaced."""
    for number in range(60):
        save_picture(folder / "in" / f"{number}.bmp", number, size=(60, 50))
    stop = threading.Event()
    meddler = threading.Thread(target=_meddle, args=(folder / "in", chance, stop))
    process = start("upscale", "in", "--model", "espcn", "--device", "cpu", "--json", cwd=folder)
    meddler.start()
    ended = finish(process)
    stop.set()
    meddler.join()
    counts = ended.summary
    print(f"meddled with: {counts}")
    assert ended.code in (0, 3)
    assert counts["planned"] == counts["done"] + counts["failed"] <= 60
    assert len(told(ended)) == counts["failed"]
    assert len(files(folder / "in_sr")) == counts["done"]
    assert all(is_whole(path) for path in files(folder / "in_sr"))
    assert leftovers(folder) == []


def _meddle(folder: Path, chance: random.Random, stop: threading.Event) -> None:
    while not stop.wait(chance.uniform(0, 0.05)):
        with suppress(OSError, ValueError):
            chance.choice(MEDDLING)(folder / f"{chance.randrange(60)}.bmp", chance)
