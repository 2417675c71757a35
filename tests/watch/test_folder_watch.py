"""Which files one watch takes, and what it remembers of them. The clock is turned by the test."""

import os
import shutil
import threading
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from PIL import Image as Pillow

from sr_batch.batch.loading import LoadedFile, load_file
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Skipped
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.folder_watch import FolderWatch
from sr_batch.watch.journal import Journal
from tests.fakes import save_picture
from tests.runs import count, tree
from tests.watch.driver import Driver

pytestmark = pytest.mark.usefixtures("here")


def test_enlarges_files_that_exist_and_files_that_arrive() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver()
    assert driver.go_on(0) == []  # seen, and young
    assert driver.go_on(3) == ["a.png"]
    save_picture(Path("in/deep/b.png"))
    assert driver.go_on(31) == []
    assert driver.go_on(3) == ["b.png"]
    assert tree("out") == ["a.png", "deep/b.png"]
    assert count(driver.results) == {"done": 2}
    assert driver.turn() == []


def test_an_old_file_need_not_settle_at_the_start() -> None:
    os.utime(save_picture(Path("in/a.png")), (1, 1))
    driver = Driver()
    driver.started += 10**6
    assert driver.go_on(0) == ["a.png"]


def test_a_slow_copy_is_taken_once_when_it_is_complete() -> None:
    whole = save_picture(Path("other/a.png"), size=(60, 40)).read_bytes()
    driver = Driver(pair={"rescan": 1.0})
    for end in range(0, len(whole), 100):
        with Path("in/a.png").open("ab") as file:
            file.write(whole[end : end + 100])
        os.utime("in/a.png", (driver.started + driver.seconds,) * 2)
        assert driver.go_on(1) == []
    assert driver.run(5) == ["a.png"]
    assert count(driver.results) == {"done": 1}


@pytest.mark.parametrize(
    "name", [".hidden.png", ".folder/a.png", "a.png.part", "a.png.crdownload", "a.tmp", "a.png~"]
)
def test_ignores_hidden_and_unfinished_files(name: str) -> None:
    Path("in").mkdir()
    save_picture(Path("in") / name, kind="png")
    assert Driver().turn() == []


def test_obeys_include_and_exclude() -> None:
    for name in ("a.png", "web/b.png", "c.bmp"):
        save_picture(Path("in") / name)
    Path("in/notes.txt").write_text("text")
    options = UpscaleOptions(include=("*.png", "*.txt"), exclude=("web",))
    driver = Driver(pair={"options": options})
    assert driver.turn() == ["a.png"]
    assert driver.lines == []
    assert len(driver.results) == 1


def test_names_formats_that_are_not_read_and_leaves_them() -> None:
    save_picture(Path("in/a.png"))
    Path("in/a.orf").write_bytes(b"IIRS" + bytes(range(200)))
    Path("in/b.ppm").write_bytes(b"P6 1 1 255 abc")
    driver = Driver(pair={"after": "move", "options": UpscaleOptions(verify=True)})
    assert driver.run(5) == ["a.png"]
    reasons = {Path(r.input).name: r.reason for r in driver.results if isinstance(r, Skipped)}
    assert reasons == {
        "a.orf": "not read: camera raw (.orf)",
        "b.ppm": "not read: Netpbm (.ppm)",
    }
    assert tree("in") == ["a.orf", "b.ppm"]
    assert tree("out") == ["a.png"]


def test_never_enlarges_its_own_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    save_picture(Path("in/a.png"))
    driver = Driver()
    here = Path.cwd()
    inside = Pair(here / "in", here / "in" / "out", UpscaleOptions())
    driver.watch = FolderWatch(inside, driver, None, load_file, driver.watch.clock)
    assert [driver.turn() for _ in range(3)] == [["a.png"], [], []]
    assert tree("in") == ["a.png", "out/a.png"]


def test_a_replaced_input_is_enlarged_again_but_a_touched_one_is_not() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver()
    assert driver.turn() == ["a.png"]
    os.utime("in/a.png")
    assert driver.turn() == []
    save_picture(Path("in/a.png"), seed=5)
    assert driver.turn() == ["a.png"]
    with Pillow.open("out/a.png") as made, Pillow.open("in/a.png") as source:
        assert made.getpixel((0, 0)) == source.getpixel((0, 0))
    Path("new.png").write_bytes(save_picture(Path("other.png"), seed=6).read_bytes())
    Path("new.png").replace("in/a.png")
    assert driver.turn() == ["a.png"]


def test_a_restart_continues_without_reading_finished_files() -> None:
    for seed in range(3):
        save_picture(Path(f"in/{seed}.png"), seed)
    driver = Driver()
    assert len(driver.turn()) == 3
    Path("in/0.png").chmod(0)  # changes its stamp, so it is compared again
    Path("in/0.png").chmod(0o644)
    save_picture(Path("in/3.png"))
    driver.results.clear()
    driver.start()
    assert driver.turn() == ["3.png"]
    assert {Path(result.input).name for result in driver.results} == {"0.png", "3.png"}
    assert count(driver.results) == {"done": 1, "skipped": 1}


def test_a_lost_state_is_rebuilt_from_matching_outputs() -> None:
    for seed in range(3):
        save_picture(Path(f"in/{seed}.png"), seed)
    driver = Driver()
    driver.turn()
    made = {name: Path("out", name).read_bytes() for name in tree("out")}
    shutil.rmtree("out/.sr-batch")
    Path("out/1.png").unlink()
    driver.results.clear()
    driver.start()
    driver.turn()
    assert count(driver.results) == {"done": 3}
    assert {name: Path("out", name).read_bytes() for name in tree("out")} == made
    driver.start()
    assert driver.turn() == []


def test_a_removed_output_is_not_made_again() -> None:
    """The next in line takes it from there."""
    save_picture(Path("in/a.png"))
    driver = Driver()
    driver.turn()
    Path("out/a.png").unlink()
    assert driver.turn() == []
    driver.start()
    assert driver.turn() == []


def test_files_of_a_share_are_still_known_when_it_comes_back() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver()
    driver.turn()
    Path("out/a.png").unlink()
    Path("in").rename("elsewhere")
    Path("in").mkdir()
    assert driver.turn() == []
    Path("in").rmdir()
    assert driver.turn() == []
    Path("elsewhere").rename("in")
    assert driver.turn() == []
    assert len(driver.results) == 1


def test_a_stop_loses_no_file() -> None:
    save_picture(Path("in/a.png"))
    driver, stop = Driver(), threading.Event()
    driver.watch.look()
    driver.seconds += 3
    stop.set()
    driver.watch.work(driver.watch.take(), driver.upscaler, stop)
    assert driver.results == []
    assert driver.go_on(0) == ["a.png"]


def test_forgets_sources_that_no_longer_exist() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver()
    driver.turn()
    Path("in/a.png").unlink()
    driver.turn()
    save_picture(Path("in/a.png"))
    driver.turn()
    assert count(driver.results) in ({"done": 1, "skipped": 1}, {"done": 2})


def test_a_start_deletes_sources_from_the_journal_that_are_gone_for_a_month() -> None:
    for seed in range(3):
        save_picture(Path(f"in/{seed}.png"), seed)
    driver = Driver()
    driver.turn()
    journal = Journal(Path("out"), pytest.fail)

    def known_after(days_later: float) -> list[str]:
        driver.start()
        driver.started += days_later * 86400
        driver.turn()
        return sorted(path.name for path in journal.all())

    Path("in/0.png").unlink()
    assert known_after(29) == ["0.png", "1.png", "2.png"]
    Path("in").rename("elsewhere")  # a share that is not mounted
    Path("in").mkdir()
    assert known_after(31) == ["0.png", "1.png", "2.png"]
    Path("in").rmdir()
    Path("elsewhere").rename("in")
    assert known_after(31) == ["1.png", "2.png"]


def test_opens_files_with_its_loader_alone() -> None:
    """Under ``--isolate``, that one opens them in a decoder process."""
    save_picture(Path("in/a.png"))
    driver, opened = Driver(), list[str]()

    def load(data: bytes, name: str, max_pixels: int) -> AbstractContextManager[LoadedFile]:
        opened.append(Path(name).name)
        return load_file(data, name, max_pixels)

    driver.watch.load = load
    assert driver.turn() == ["a.png"]
    assert opened == ["a.png", "a.png"]  # for the plan, and for the job
