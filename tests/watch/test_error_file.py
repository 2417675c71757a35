"""What is said beside the outputs of what has failed."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sr_batch.batch.inputs import is_image_name
from sr_batch.core.errors import OutOfMemory
from sr_batch.core.options import UpscaleOptions
from sr_batch.watch.error_file import drop_error, error_file, tell_error
from sr_batch.watch.pair import Pair
from tests.fakes import save_picture
from tests.runs import tree
from tests.watch.test_at_work import Bench, failing

pytestmark = pytest.mark.usefixtures("here")

TOLD = Path("out/deep/b.jpg.error.json")


def failed(**pair: Any) -> Bench:
    """A watch that has met a file which is no picture."""
    Path("in/deep").mkdir(parents=True)
    Path("in/deep/b.jpg").write_text("words")
    bench = Bench(pair=pair)
    bench.turn()
    return bench


def test_says_what_when_and_how_often() -> None:
    save_picture(Path("in/a.png"))
    before = int(time.time())
    failed()
    content = json.loads(TOLD.read_text())
    assert content["input"] == str(Path("in/deep/b.jpg").absolute())
    assert "deep/b.jpg: it is text" in content["error"]
    assert content["attempts"] == 1
    assert before - 5 < datetime.fromisoformat(content["time"]).timestamp() < time.time() + 1
    assert tree("out") == ["a.png", "deep/b.jpg.error.json"]


def test_counts_every_attempt() -> None:
    save_picture(Path("in/a.png"))
    Bench(failing(99, OutOfMemory("out of memory"))).run(900)
    assert json.loads(Path("out/a.png.error.json").read_text())["attempts"] == 5


def test_goes_when_the_source_is_done() -> None:
    bench = failed()
    save_picture(Path("in/deep/b.jpg"))
    assert bench.turn() == ["b.jpg"]
    assert tree("out") == ["deep/b.jpg"]


def test_goes_when_the_source_is_gone_also_while_nothing_ran() -> None:
    bench = failed()
    Path("in/deep/b.jpg").unlink()
    bench.start()
    bench.turn()
    assert tree("out") == []


def test_stays_when_the_source_was_moved_away() -> None:
    bench = failed(after="move", options=UpscaleOptions(verify=True))
    bench.turn()
    assert tree("in_failed") == ["deep/b.jpg"]
    assert TOLD.exists()
    save_picture(Path("in/deep/b.jpg"))
    bench.turn()
    assert tree("out") == ["deep/b.jpg"]


def test_is_no_image_to_anybody() -> None:
    here = Path.cwd()
    pair = Pair(here / "in", here / "out", UpscaleOptions())
    assert not is_image_name(error_file(pair, here / "in/a.png"))
    failed()
    Path("in").rename("old")
    Path("out").rename("in")
    bench = Bench()
    assert (bench.turn(), bench.results) == ([], [])


def test_leaves_alone_what_is_not_its_own() -> None:
    here = Path.cwd()
    pair, source = Pair(here / "in", here / "out", UpscaleOptions()), here / "in/a.png"
    place = error_file(pair, source)
    place.parent.mkdir()
    for foreign in ("words", "[]", '{"input": 1}', '{"error": 1, "input": 1, "a": 1, "b": 2}'):
        place.write_text(foreign)
        (note,) = tell_error(pair, source, "damaged", 1, 0)
        assert "a.png.error.json is another file" in note
        drop_error(pair, source)
        assert place.read_text() == foreign


def test_what_cannot_be_written_is_a_note() -> None:
    here = Path.cwd()
    pair = Pair(here / "in", here / "out", UpscaleOptions())
    pair.output.mkdir()
    (note,) = tell_error(pair, here / "in" / ("n" * 250), "damaged", 1, 0)
    assert "is not written" in note
