"""Files whose writers pause, and programs that have files open, as real files."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image as Pillow

from sr_batch.batch.output_ledger import Entry, Ledger
from sr_batch.core.options import UpscaleOptions
from sr_batch.watch import unfinished
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.source_removal import has_changed
from sr_batch.watch.unfinished import is_being_written, is_blank
from tests.fakes import save_picture
from tests.runs import count, tree
from tests.watch.conftest import Watching
from tests.watch.driver import Driver

pytestmark = pytest.mark.usefixtures("here")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows open files")

VERIFY = UpscaleOptions(verify=True)


@on_linux
@pytest.mark.parametrize("leases", [True, False])
def test_knows_which_files_are_open_for_writing(
    leases: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not leases:
        monkeypatch.setattr(unfinished, "_refuses_lease", lambda descriptor: None)
    path = Path("a.png")
    with path.open("wb"):
        assert is_being_written(path)
    assert not is_being_written(path)
    with path.open("rb"):
        assert not is_being_written(path)
    assert not is_being_written(Path("none.png"))
    with path.open("ab"):  # a lease is left over from none of these
        assert is_being_written(path)


@pytest.mark.parametrize(
    ("data", "blank"), [(b"", True), (bytes(900), True), (bytes(99) + b"x", True), (b"x", False)]
)
def test_knows_files_whose_data_is_to_come(data: bytes, blank: bool) -> None:
    Path("a.png").write_bytes(data)
    assert is_blank(Path("a.png")) is blank


@pytest.mark.parametrize("size", [0, 5000])
def test_a_reserved_file_is_tried_again_until_its_data_comes(size: int) -> None:
    whole = save_picture(Path("other/a.png"), size=(60, 40)).read_bytes()
    Path("in").mkdir()
    Path("in/a.png").write_bytes(bytes(size))
    driver = Driver(pair={"after": "move", "options": VERIFY})
    driver.started += 10**6  # long ago
    driver.run(100)
    assert (driver.results, tree("in")) == ([], ["a.png"])
    Path("in/a.png").write_bytes(whole)
    assert driver.run(50) == ["a.png"]
    assert tree("in_done") == ["a.png"]


def test_a_file_that_stays_blank_fails_in_the_end() -> None:
    Path("in").mkdir()
    Path("in/a.png").write_bytes(bytes(5000))
    driver = Driver(pair={"after": "move", "options": VERIFY})
    driver.run(390)
    assert driver.results == []
    driver.run(60)
    assert count(driver.results) == {"failed": 1}
    assert tree("in_failed") == ["a.png"]


@on_linux
@pytest.mark.parametrize("after", ["keep", "move"])
def test_no_failure_of_an_open_file_is_final(after: str) -> None:
    Path("in").mkdir()
    driver = Driver(pair={"after": after, "options": VERIFY})
    with Path("in/a.jpg").open("w") as file:
        file.write("text")
        file.flush()
        driver.run(3000)
        assert (driver.results, tree("in")) == ([], ["a.jpg"])
    driver.run(700)
    assert count(driver.results) == {"failed": 1}
    assert tree("in") == (["a.jpg"] if after == "keep" else [])


@on_linux
@pytest.mark.parametrize("after", ["move", "delete"])
def test_a_whole_picture_is_not_taken_from_under_its_writer(after: str) -> None:
    driver = Driver(pair={"after": after, "options": VERIFY})
    whole = save_picture(Path("a.bmp"), size=(60, 40)).read_bytes()
    with Path("in/a.bmp").open("wb") as file:
        file.write(whole[:3000] + bytes(len(whole) - 3000))  # as a reserved BMP looks
        file.flush()
        driver.run(100)
        assert (driver.results, tree("in")) == ([], ["a.bmp"])
        assert driver.lines[0].endswith("in/a.bmp: another program has it open for writing")
        file.seek(0)
        file.write(whole)
    driver.run(100)
    assert tree("in") == []
    with Pillow.open("out/a.bmp") as made, Pillow.open("a.bmp") as picture:
        assert made.resize(picture.size, Pillow.Resampling.NEAREST).tobytes() == picture.tobytes()


@on_linux
def test_a_file_opened_while_it_is_enlarged_stays_until_it_is_closed() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(pair={"after": "delete", "options": VERIFY})
    with ExitStack() as opened:

        def open_it(name: str) -> None:
            opened.enter_context(Path("in/a.png").open("ab"))

        driver.upscaler.before = open_it
        driver.run(50)
        assert tree("in") == ["a.png"]
    driver.run(50)
    assert tree("in") == []
    assert len(driver.upscaler.names) == 1


@on_linux
def test_a_file_opened_after_it_was_enlarged_stays_until_it_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(pair={"after": "delete", "options": VERIFY})
    find = Ledger.find
    with ExitStack() as opened:

        def open_it(ledger: Ledger, target: Path) -> Entry | None:
            if Path("out/a.png").exists():
                opened.enter_context(Path("in/a.png").open("ab"))
            return find(ledger, target)

        monkeypatch.setattr(Ledger, "find", open_it)
        driver.run(3)
        monkeypatch.setattr(Ledger, "find", find)
        driver.run(50)
        assert tree("in") == ["a.png"]
    driver.run(50)
    assert tree("in") == []
    assert len(driver.upscaler.names) == 1


def test_knows_by_its_content_that_a_source_has_changed() -> None:
    source = save_picture(Path("in/a.png").absolute())
    driver = Driver()
    driver.turn()
    (result,) = driver.results
    pair = Pair(source.parent, Path("out").absolute(), VERIFY, after="delete")
    assert not has_changed(pair, source, result, pytest.fail)
    save_picture(source, seed=5)
    assert has_changed(pair, source, result, pytest.fail)


def test_a_source_that_is_not_what_was_enlarged_is_kept_and_taken_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = save_picture(Path("in/a.png").absolute())
    driver = Driver(pair={"after": "delete", "options": VERIFY})
    made = Ledger.find
    wrong: list[Entry] = []

    def find(ledger: Ledger, target: Path) -> Entry | None:
        entry = made(ledger, target)
        if entry and not wrong:
            wrong.append(Entry("other", entry.recipe, entry.output, entry.origin))
            return wrong[0]
        return entry

    monkeypatch.setattr(Ledger, "find", find)
    driver.go_on(0)
    driver.go_on(3)
    assert (driver.results, source.exists()) == ([], True)
    driver.turn()
    assert (count(driver.results), source.exists()) == ({"skipped": 1}, False)


def reserve(path: Path, size: int) -> None:
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)


@pytest.mark.slow
@pytest.mark.parametrize("after", ["keep", "move", "delete"])
def test_a_reserved_file_is_enlarged_once_its_writer_goes_on(
    after: str, watching: Callable[..., Watching]
) -> None:
    """The first is closed during the pause, the second is not."""
    whole = save_picture(Path("other/a.bmp"), size=(40, 30)).read_bytes()
    watch = watching("--rescan", "0.5", "--after", after, "--verify")
    reserve(Path("in/closed.bmp"), len(whole))
    reserve(Path("in/open.bmp"), len(whole))
    with Path("in/open.bmp").open("r+b") as file:
        watch.wait(lambda: len(watch.events) >= 2)
        time.sleep(1.5)  # three more scans
        assert (watch.results(), tree("in")) == ([], ["closed.bmp", "open.bmp"])
        Path("in/closed.bmp").write_bytes(whole)
        file.write(whole)
    watch.wait_for("closed.bmp", "open.bmp")
    watch.wait(lambda: len(watch.results()) == 2)
    watch.end()
    assert tree("in") == (["closed.bmp", "open.bmp"] if after == "keep" else [])
    assert not Path("in_failed").exists()
    assert {result["status"] for result in watch.results()} == {"done"}
