"""``NAME.error.json``, which a watch writes beside its outputs."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sr_batch.batch.inputs import is_image_name
from sr_batch.core.errors import OutOfMemory
from sr_batch.core.options import UpscaleOptions
from sr_batch.watch.error_file import error_file, remove_error, write_error
from sr_batch.watch.folder_pair import Pair
from tests.fakes import save_picture
from tests.runs import tree
from tests.watch.driver import Driver, failing

pytestmark = pytest.mark.usefixtures("here")

ERROR_FILE = Path("out/deep/b.jpg.error.json")


def failed(**pair: Any) -> Driver:
    """A watch that has met a file that is not an image."""
    Path("in/deep").mkdir(parents=True)
    Path("in/deep/b.jpg").write_text("text")
    driver = Driver(pair=pair)
    driver.turn()
    return driver


def test_holds_the_source_the_error_the_attempts_and_the_time() -> None:
    save_picture(Path("in/a.png"))
    before = int(time.time())
    failed()
    content = json.loads(ERROR_FILE.read_text())
    assert content["input"] == str(Path("in/deep/b.jpg").absolute())
    assert "deep/b.jpg: it is text" in content["error"]
    assert content["attempts"] == 1
    assert before - 5 < datetime.fromisoformat(content["time"]).timestamp() < time.time() + 1
    assert tree("out") == ["a.png", "deep/b.jpg.error.json"]


def test_counts_all_attempts() -> None:
    save_picture(Path("in/a.png"))
    Driver(failing(99, OutOfMemory("out of memory"))).run(900)
    assert json.loads(Path("out/a.png.error.json").read_text())["attempts"] == 5


def test_is_removed_when_the_source_is_done() -> None:
    driver = failed()
    save_picture(Path("in/deep/b.jpg"))
    assert driver.turn() == ["b.jpg"]
    assert tree("out") == ["deep/b.jpg"]


def test_is_removed_when_the_source_was_deleted_while_no_watch_ran() -> None:
    driver = failed()
    Path("in/deep/b.jpg").unlink()
    driver.start()
    driver.turn()
    assert tree("out") == []


def test_stays_when_the_watch_has_moved_the_source() -> None:
    driver = failed(after="move", options=UpscaleOptions(verify=True))
    driver.turn()
    assert tree("in_failed") == ["deep/b.jpg"]
    assert ERROR_FILE.exists()
    save_picture(Path("in/deep/b.jpg"))
    driver.turn()
    assert tree("out") == ["deep/b.jpg"]


def test_is_never_taken_for_an_image() -> None:
    here = Path.cwd()
    pair = Pair(here / "in", here / "out", UpscaleOptions())
    assert not is_image_name(error_file(pair, here / "in/a.png"))
    failed()
    Path("in").rename("old")
    Path("out").rename("in")
    driver = Driver()
    assert (driver.turn(), driver.results) == ([], [])


def test_never_touches_another_file_of_that_name() -> None:
    here = Path.cwd()
    pair, source = Pair(here / "in", here / "out", UpscaleOptions()), here / "in/a.png"
    place = error_file(pair, source)
    place.parent.mkdir()
    for foreign in ("text", "[]", '{"input": 1}', '{"error": 1, "input": 1, "a": 1, "b": 2}'):
        place.write_text(foreign)
        (note,) = write_error(pair, source, "damaged", 1, 0)
        assert "a.png.error.json exists and is not an error file" in note
        remove_error(pair, source)
        assert place.read_text() == foreign


def test_a_failed_write_is_a_note() -> None:
    here = Path.cwd()
    pair = Pair(here / "in", here / "out", UpscaleOptions())
    pair.output.mkdir()
    (note,) = write_error(pair, here / "in" / ("n" * 250), "damaged", 1, 0)
    assert "could not be written" in note
