"""R5 and R6: a full disk ends the run with one line; with room again, a rerun continues it."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Finished, finish, start
from tests.codec.pictures import xmp_packet
from tests.corpus.judge import decoded
from tests.disks import DISKS_THAT_FILL, largest_file, limited_files, small_file_system
from tests.fakes import save_picture
from tests.reliability.evidence import Trace, files, leftovers, traces

Disk = Callable[[Path], AbstractContextManager[Callable[[], None]]]

SUFFIXES = (".png", ".jpg", ".tif", ".webp", ".bmp")
ONE_KIND = [pytest.param(suffix[1:], marks=pytest.mark.soak) for suffix in SUFFIXES]


def run(folder: Path, *arguments: str) -> Finished:
    command = ("upscale", "in", "-o", "out", "--model", "espcn", "--device", "cpu", "--json")
    return finish(start(*command, *arguments, cwd=folder))


def fails_and_is_completed(
    folder: Path, make_room: Callable[[], None], said: str, *arguments: str
) -> None:
    """Run into a full disk, where each line must match ``said``, and again with room."""
    before, images = traces(folder / "in"), len(pictures(folder / "in"))
    first = run(folder, *arguments)
    counts = first.summary
    lines = [line for line in first.err.splitlines()[:-1] if not line.startswith("note: ")]
    assert first.code == 1
    assert len(lines) == counts["failed"] >= 1
    for line in lines:
        assert re.fullmatch(f"failed: in/{said}, then run the same command again.*", line)
    assert counts["done"] + counts["failed"] + counts["not_run"] == images
    assert leftovers(folder) == []
    standing = pictures(folder / "out")
    assert len(standing) == counts["done"]

    make_room()
    second = run(folder, *arguments).summary
    assert (second["skipped"], second["done"]) == (counts["done"], images - counts["done"])
    assert standing.items() <= pictures(folder / "out").items()
    assert run(folder, *arguments).summary["skipped"] == len(pictures(folder / "out")) == images
    assert traces(folder / "in") == before


def pictures(folder: Path) -> dict[Path, Trace]:
    """The pictures in ``folder``; checks that all can be decoded."""
    found = {path: trace for path, trace in traces(folder).items() if path.suffix in SUFFIXES}
    assert all(decoded(path).size for path in found)
    return found


@pytest.mark.parametrize("disk", DISKS_THAT_FILL)
@pytest.mark.parametrize("kind", ["keep", *ONE_KIND])
def test_a_full_disk_ends_the_run_and_the_next_completes_it(
    disk: Disk, kind: str, tmp_path: Path
) -> None:
    for number in range(15):
        name = f"{number}{SUFFIXES[number % len(SUFFIXES)]}"
        save_picture(tmp_path / "in" / name, number, size=(90 + number, 90))
    why = "does not accept files of that size .*" if disk is limited_files else "is full"
    with disk(tmp_path / "out") as make_room:
        said = f"({no_room_for(tmp_path, why)}|{no_room_for_the_state(tmp_path)})"
        fails_and_is_completed(tmp_path, make_room, said, "--format", kind, "--quality", "100")


def no_room_for(folder: Path, why: str) -> str:
    """Pattern of the message about an output or a sidecar."""
    out = re.escape(str(folder / "out"))
    written = r".*: out/\d+\.\w+ \(\d+ kB\) could not be written"
    return f"{written}: (the disk that holds )?{out} {why}; free some space or choose another -o"


def no_room_for_the_state(folder: Path) -> str:
    """Pattern of the message about the state file."""
    state = re.escape(str(folder / "out/.sr-batch/state.sqlite"))
    return rf"\w+\.\w+: {state}: .*; free some space on this disk or choose another -o"


@contextmanager
def room_for_pictures_alone(folder: Path) -> Iterator[Callable[[], None]]:
    """A state file is larger than a picture of four pixels."""
    with largest_file(1000) as lift:
        yield lift


@contextmanager
def room_for_a_page_alone(folder: Path) -> Iterator[Callable[[], None]]:
    """A disk on which other files have left one page of memory."""
    with small_file_system(folder):
        ballast = folder / ".ballast"
        status = os.statvfs(folder)
        ballast.write_bytes(bytes((status.f_bavail - 1) * status.f_bsize))
        yield ballast.unlink


NO_ROOM = [room_for_pictures_alone]
if small_file_system in DISKS_THAT_FILL:
    NO_ROOM.append(room_for_a_page_alone)


@pytest.mark.parametrize("disk", NO_ROOM)
def test_no_room_for_the_record_ends_the_run(disk: Disk, tmp_path: Path) -> None:
    save_picture(tmp_path / "in/a.png", size=(1, 1))
    with disk(tmp_path / "out") as make_room:
        fails_and_is_completed(tmp_path, make_room, no_room_for_the_state(tmp_path))


def test_no_room_for_a_sidecar_ends_the_run(tmp_path: Path) -> None:
    for number in range(3):
        save_picture(tmp_path / "in" / f"{number}.png", number)
        (tmp_path / "in" / f"{number}.xmp").write_bytes(xmp_packet() + b" " * 100_000)
    with limited_files(tmp_path / "out") as make_room:
        fails_and_is_completed(
            tmp_path, make_room, no_room_for(tmp_path, "does not accept files of .*")
        )
    assert len(files(tmp_path / "out")) == 6
