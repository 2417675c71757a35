"""``--after``: which sources are moved or deleted, alone and by a whole watch."""

import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Failed, JobResult, Skipped
from sr_batch.files.reading import stamp_of
from sr_batch.files.stamp import Stamp
from sr_batch.watch.folder_pair import Pair
from sr_batch.watch.source_removal import may_remove, place_of, remove
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import tree
from tests.watch.driver import Driver

pytestmark = pytest.mark.usefixtures("here")


def pair(after: Any) -> Pair:
    here = Path.cwd()
    for name in ("in", "out"):
        (here / name).mkdir(exist_ok=True)
        (here / name / "a.png").write_bytes(b"picture")
    return Pair(here / "in", here / "out", UpscaleOptions(verify=True), after=after)


def done(output: str = "out/a.png") -> Done:
    return Done("in/a.png", output, 1.0, Size(1, 1), Size(2, 2), "edsr", 2, "cpu")


def left(after: str, result: JobResult, stamp: Stamp | None = None) -> list[str]:
    """What is in the watched folder afterwards. There must be no note."""
    chosen = pair(after)
    source = chosen.source / "a.png"
    known = stamp or stamp_of(source)
    assert known
    if may_remove(chosen, source, known, result):
        assert remove(source, known, place_of(chosen, source, result)) is None
    return tree("in")


def test_moves_or_deletes_a_source_whose_output_exists() -> None:
    assert left("delete", done()) == []
    assert left("delete", Skipped("in/a.png", "out/a.png", "already done")) == []
    assert left("move", done()) == []
    assert tree("in_done") == ["a.png"]


@pytest.mark.parametrize("after", ["move", "delete"])
@pytest.mark.parametrize(
    "result",
    [
        done("out/none.png"),
        Skipped("in/a.png", None, "as large already as asked for"),
        Skipped("in/a.png", "out/a.png", "another file stands in its place"),
    ],
)
def test_keeps_a_source_without_its_own_output(after: str, result: JobResult) -> None:
    assert left(after, result) == ["a.png"]


def test_keeps_a_source_with_an_empty_output() -> None:
    pair("delete")
    Path("out/empty.png").touch()
    assert left("delete", done("out/empty.png")) == ["a.png"]


def test_keeps_a_source_that_has_changed() -> None:
    assert left("delete", done(), Stamp(1, 2, 3, 4)) == ["a.png"]


def test_never_deletes_a_source_that_failed() -> None:
    assert left("delete", Failed("in/a.png", None, "damaged")) == ["a.png"]


def test_a_failed_move_is_a_note() -> None:
    chosen = pair("move")
    chosen.done.write_text("not a folder")
    source = chosen.source / "a.png"
    stamp = stamp_of(source)
    assert stamp
    note = remove(source, stamp, place_of(chosen, source, done()))
    assert note
    assert "a.png could not be moved" in note
    assert tree("in") == ["a.png"]


@pytest.mark.parametrize(
    ("after", "left", "moved"), [("keep", ["a.png", "b.jpg"], []), ("delete", ["b.jpg"], [])]
)
def test_handles_a_source_once_its_output_exists(
    after: str, left: list[str], moved: list[str]
) -> None:
    save_picture(Path("in/a.png"))
    Path("in/b.jpg").write_text("text")
    driver = Driver(pair={"after": after, "options": UpscaleOptions(verify=True)})
    driver.turn()
    assert tree("in") == left
    assert tree("out") == ["a.png", "b.jpg.error.json"]


def test_moved_sources_never_overwrite_each_other() -> None:
    driver = Driver(pair={"after": "move", "options": UpscaleOptions(verify=True)})
    for seed in range(3):
        save_picture(Path("in/deep/a.png"), seed)
        Path("in/b.jpg").write_text("text")
        driver.turn()
        driver.turn()
    assert tree("in") == []
    assert tree("in_done") == ["deep/a.png", "deep/a_2.png", "deep/a_3.png"]
    assert tree("in_failed") == ["b.jpg", "b_2.jpg", "b_3.jpg"]


def test_keeps_a_source_that_changed_while_it_was_enlarged() -> None:
    save_picture(Path("in/a.png"))

    def change(name: str) -> None:
        if not driver.results:
            save_picture(Path("in/a.png"), seed=7, size=(9, 9))

    verified = UpscaleOptions(verify=True)
    driver = Driver(FakeUpscaler(before=change), {"after": "delete", "options": verified})
    driver.watch.look()
    driver.seconds += 3
    driver.watch.work(driver.watch.take(), driver.upscaler, threading.Event())
    assert tree("in") == ["a.png"]
    assert isinstance(driver.results[0], Done)
    driver.turn()
    driver.turn()
    assert tree("in") == []
    with Pillow.open("out/a.png") as made:
        assert made.size == (18, 18)
