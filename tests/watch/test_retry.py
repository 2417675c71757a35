"""``retry``: failures come back, also from the folder to which they were moved."""

from pathlib import Path

import pytest

from sr_batch.core.options import UpscaleOptions
from sr_batch.watch.journal import Journal
from sr_batch.watch.retry import retry_failed
from tests.fakes import save_picture
from tests.runs import count, tree
from tests.watch.driver import Driver

pytestmark = pytest.mark.usefixtures("here")

MOVE = {"after": "move", "options": UpscaleOptions(verify=True)}


def journal() -> Journal:
    return Journal(Path("out").absolute(), pytest.fail)


def failed(names: tuple[str, ...] = ("deep/a.jpg", "b.jpg")) -> Driver:
    """A watch that has moved files to ``in_failed``."""
    for name in names:
        Path("in", name).parent.mkdir(parents=True, exist_ok=True)
        Path("in", name).write_text("text")
    driver = Driver(pair=MOVE)
    driver.turn()
    assert tree("in_failed") == sorted(names)
    return driver


def test_moved_failures_come_back_and_are_tried_again() -> None:
    driver = failed()
    retried = retry_failed(journal())
    assert (retried.count, retried.notes) == (2, ())
    assert (tree("in"), tree("in_failed")) == (["b.jpg", "deep/a.jpg"], [])
    save_picture(Path("in/b.jpg"))
    driver.turn()
    assert count(driver.results) == {"failed": 3, "done": 1}
    assert tree("in_failed") == ["deep/a.jpg"]
    assert retry_failed(journal()).count == 1


def test_two_failures_of_one_name_come_back() -> None:
    driver = failed(("a.jpg",))
    Path("in/a.jpg").write_text("another text")
    driver.turn()
    assert tree("in_failed") == ["a.jpg", "a_2.jpg"]
    retried = retry_failed(journal())
    assert retried.count == 2
    assert {Path("in/a.jpg").read_text(), Path("in/a_2.jpg").read_text()} == {
        "text",
        "another text",
    }
    (note,) = retried.notes
    assert note.endswith("in/a_2.jpg, because a.jpg is another file")


def test_says_what_no_longer_exists() -> None:
    failed(("a.jpg",))
    Path("in_failed/a.jpg").unlink()
    retried = retry_failed(journal())
    assert retried.count == 0
    assert retried.notes == (f"{Path('in_failed/a.jpg').absolute()} no longer exists",)
    assert retry_failed(journal()).notes == ()


def test_finds_what_an_earlier_version_has_moved() -> None:
    driver = Driver()
    Path("in/a.jpg").write_text("text")
    driver.turn()
    Path("in_failed").mkdir()
    Path("in/a.jpg").rename("in_failed/a.jpg")
    assert retry_failed(journal()).count == 1
    assert (tree("in"), tree("in_failed")) == (["a.jpg"], [])


def test_a_failure_that_was_not_moved_stays_in_its_place() -> None:
    driver = Driver()
    Path("in/a.jpg").write_text("text")
    driver.turn()
    assert retry_failed(journal()).count == 1
    assert tree("in") == ["a.jpg"]
    assert journal().failed() == set()
