"""What becomes of a source. Whole ways are in test_at_work.py."""

from pathlib import Path
from typing import Any

import pytest

from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Failed, JobResult, Skipped
from sr_batch.files.reading import stamp_of
from sr_batch.files.stamp import Stamp
from sr_batch.watch.after import act
from sr_batch.watch.pair import Pair
from tests.runs import tree

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
    """What is in the watched folder after it; nothing had to be said."""
    chosen = pair(after)
    source = chosen.source / "a.png"
    known = stamp or stamp_of(source)
    assert known
    assert act(chosen, source, known, result) == ()
    return tree("in")


def test_acts_on_what_stands_and_was_made_of_it() -> None:
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
def test_keeps_what_has_no_output_of_its_own(after: str, result: JobResult) -> None:
    assert left(after, result) == ["a.png"]


def test_keeps_what_has_an_empty_output() -> None:
    pair("delete")
    Path("out/empty.png").touch()
    assert left("delete", done("out/empty.png")) == ["a.png"]


def test_keeps_what_is_another_file_by_now() -> None:
    assert left("delete", done(), Stamp(1, 2, 3, 4)) == ["a.png"]


def test_never_deletes_what_has_failed() -> None:
    assert left("delete", Failed("in/a.png", None, "damaged")) == ["a.png"]


def test_what_cannot_be_moved_is_a_note() -> None:
    chosen = pair("move")
    chosen.done.write_text("a file, no folder")
    source = chosen.source / "a.png"
    stamp = stamp_of(source)
    assert stamp
    (note,) = act(chosen, source, stamp, done())
    assert "a.png is not moved" in note
    assert tree("in") == ["a.png"]
