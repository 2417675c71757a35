"""R4 to R9 for a watch: files dropped in many ways while it is killed again and again."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import save_picture
from tests.reliability.evidence import leftovers, traces
from tests.runs import is_whole
from tests.watch.conftest import Watching
from tests.watch.seen import Seen

pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")

MIB = 1 << 20
FOLDERS = 11
OPTIONS = ("--settle", "0.3", "--rescan", "20")


class Dropper:
    """Brings pictures into a folder, each in a random way."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._folder = folder
        self._chance = chance
        self._aside = folder.with_name("aside")
        self.names: list[str] = []

    def drop(self, count: int) -> None:
        ways = (self._write, self._copy, self._rename, self._move_in, self._link, self._move_folder)
        for _ in range(count):
            number = len(self.names)
            name = f"{number % FOLDERS}/{number}.png"
            size = (self._chance.randint(4, 40), self._chance.randint(4, 40))
            picture = save_picture(self._aside / f"{number}.png", number, size)
            self._chance.choice(ways)(picture, self._folder / name)
            self.names.append(name)

    def _write(self, picture: Path, target: Path) -> None:
        """In two parts, so that the watch may look between them."""
        data = picture.read_bytes()
        _folder_of(target)
        with target.open("wb", buffering=0) as file:
            file.write(data[: len(data) // 2])
            time.sleep(self._chance.choice((0, 0, 0, 0.01)))
            file.write(data[len(data) // 2 :])

    def _copy(self, picture: Path, target: Path) -> None:
        shutil.copy2(picture, _folder_of(target))

    def _rename(self, picture: Path, target: Path) -> None:
        part = target.with_suffix(".part")
        shutil.copy(picture, _folder_of(part))
        part.rename(target)

    def _move_in(self, picture: Path, target: Path) -> None:
        picture.rename(_folder_of(target))

    def _link(self, picture: Path, target: Path) -> None:
        os.link(picture, _folder_of(target))

    def _move_folder(self, picture: Path, target: Path) -> None:
        """The first file of a folder is moved with it, later ones into it."""
        folder = self._aside / f"folder {picture.stem}"
        folder.mkdir()
        picture.rename(folder / target.name)
        if target.parent.exists():
            (folder / target.name).rename(target)
        else:
            self._folder.mkdir(exist_ok=True)
            folder.rename(target.parent)


def reached(seen: Seen, count: int) -> Callable[[], bool]:
    return lambda: len(seen.taken) >= count


def _folder_of(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


@pytest.mark.parametrize(
    ("files", "kills"),
    [
        pytest.param(120, 3, marks=pytest.mark.slow),
        pytest.param(10_000, 200, marks=pytest.mark.soak),
    ],
)
def test_a_watch_that_is_killed_again_and_again_does_everything_once(
    files: int, kills: int, first: int, tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    chance = random.Random(first)
    dropper = Dropper(tmp_path / "in", chance)
    seen = Seen(tmp_path / "out", map(str, range(FOLDERS)))
    for round_ in range(kills):
        print(f"kill {round_}, {len(seen.taken)} of {len(dropper.names)} done", flush=True)
        watch = watching(*OPTIONS)
        dropper.drop(files // kills)
        if chance.random() < 0.8:
            enough = len(seen.taken) + chance.randint(1, files // kills // 2)
            watch.wait(reached(seen, enough))
        time.sleep(chance.uniform(0, 0.5))
        watch.end(signal.SIGKILL)
    dropper.drop(
        1
    )  # for the last watch, which may have nothing else to do and shows by it that it runs
    originals = traces(tmp_path / "in")
    last = watching(*OPTIONS)
    last.wait(reached(seen, files + 1))
    last.end()
    seen.end()

    assert seen.opened == []
    assert set(seen.taken.values()) == {1}
    assert sorted(seen.taken) == last.outputs() == sorted(dropper.names)
    assert all(is_whole(tmp_path / "out" / name) for name in dropper.names)
    assert leftovers(tmp_path / "out") == []
    assert traces(tmp_path / "in") == originals


def resident(process: int) -> int:
    """Bytes of memory that a process uses."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines()
    )
    return int(fields["VmRSS"].split()[0]) * 1024


@pytest.mark.parametrize(
    "batch",
    [pytest.param(150, marks=pytest.mark.slow), pytest.param(2500, marks=pytest.mark.soak)],
)
def test_memory_does_not_grow_with_the_files_that_were_watched(
    batch: int, tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    watch = watching("--settle", "0.1")
    held: list[int] = []
    while len(held) < 4:
        for number in range(batch):
            save_picture(tmp_path / "in" / f"{len(held)}-{number}.png", number)
        watch.wait(lambda: len(watch.results()) == batch * (len(held) + 1))
        held.append(resident(watch.process.pid))
    watch.end()
    print([f"{size / MIB:.1f} MiB" for size in held])
    assert held[-1] - held[0] < 8 * MIB + 1000 * 4 * batch  # names and stamps of known files
