"""One pair, with a clock that is turned by hand and small pictures."""

import os
import shutil
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from sr_batch.batch.loading import LoadedFile, load_file
from sr_batch.core.errors import OutOfMemory, StorageError
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, Failed, JobResult
from sr_batch.watch.at_work import Clock, Watch
from sr_batch.watch.journal import Journal
from sr_batch.watch.listener import Listener
from sr_batch.watch.pair import Pair
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import count, tree

pytestmark = pytest.mark.usefixtures("here")


@dataclass
class Bench(Listener):
    """A watch on ``in``, what it says, and its clock."""

    upscaler: FakeUpscaler = field(default_factory=FakeUpscaler)
    pair: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    results: list[JobResult] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        Path("in").mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        chosen: dict[str, Any] = {
            "options": UpscaleOptions(),
            "settle": 2.0,
            "rescan": 30.0,
        } | self.pair
        here = Path.cwd()
        pair = Pair(source=here / "in", output=here / "out", **chosen)
        self.started = max((p.stat().st_mtime for p in Path("in").rglob("*")), default=0)
        clock = Clock(lambda: self.seconds, lambda: self.started)
        self.watch = Watch(pair, self, None, load_file, clock)

    def say(self, text: str, kind: str = "") -> None:
        self.lines.append(kind + text)

    def add(self, result: JobResult) -> None:
        self.results.append(result)

    def turn(self) -> list[str]:
        """Look at the whole folder, wait until all has settled, do it; the names enlarged."""
        self.seconds += 100
        self.watch.look()
        return self.go_on(3)

    def go_on(self, seconds: float) -> list[str]:
        """Let time pass and do what there is to do then; the names enlarged."""
        self.seconds += seconds
        before = len(self.upscaler.names)
        self.watch.look()
        while batch := self.watch.take():
            self.watch.work(batch, self.upscaler, threading.Event())
            self.watch.look()
        return sorted(Path(name).name for name in self.upscaler.names[before:])

    def run(self, seconds: float) -> list[str]:
        """Turn every second, as a daemon would."""
        return [name for _ in range(round(seconds)) for name in self.go_on(1)]


def failing(times: int, error: Exception) -> FakeUpscaler:
    left = [times]

    def before(name: str) -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return FakeUpscaler(before=before)


def test_does_what_is_there_and_what_comes() -> None:
    save_picture(Path("in/a.png"))
    bench = Bench()
    assert bench.go_on(0) == []  # seen, and young
    assert bench.go_on(3) == ["a.png"]
    save_picture(Path("in/deep/b.png"))
    assert bench.go_on(31) == []
    assert bench.go_on(3) == ["b.png"]
    assert tree("out") == ["a.png", "deep/b.png"]
    assert count(bench.results) == {"done": 2}
    assert bench.turn() == []


def test_what_is_old_at_the_start_need_not_settle() -> None:
    os.utime(save_picture(Path("in/a.png")), (1, 1))
    bench = Bench()
    bench.started += 10**6
    assert bench.go_on(0) == ["a.png"]


def test_a_slow_copy_is_taken_once_and_whole() -> None:
    whole = save_picture(Path("other/a.png"), size=(60, 40)).read_bytes()
    bench = Bench(pair={"rescan": 1.0})
    for end in range(0, len(whole), 100):
        with Path("in/a.png").open("ab") as file:
            file.write(whole[end : end + 100])
        os.utime("in/a.png", (bench.started + bench.seconds,) * 2)
        assert bench.go_on(1) == []
    assert bench.run(5) == ["a.png"]
    assert count(bench.results) == {"done": 1}


@pytest.mark.parametrize(
    "name", [".hidden.png", ".folder/a.png", "a.png.part", "a.png.crdownload", "a.tmp", "a.png~"]
)
def test_leaves_alone_what_is_hidden_or_not_finished(name: str) -> None:
    Path("in").mkdir()
    save_picture(Path("in") / name, kind="png")
    assert Bench().turn() == []


def test_takes_what_was_chosen() -> None:
    for name in ("a.png", "web/b.png", "c.bmp"):
        save_picture(Path("in") / name)
    Path("in/notes.txt").write_text("words")
    options = UpscaleOptions(include=("*.png", "*.txt"), exclude=("web",))
    bench = Bench(pair={"options": options})
    assert bench.turn() == ["a.png"]
    assert bench.lines == []
    assert len(bench.results) == 1


def test_never_feeds_on_its_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    save_picture(Path("in/a.png"))
    bench = Bench()
    here = Path.cwd()
    inside = Pair(here / "in", here / "in" / "out", UpscaleOptions())
    bench.watch = Watch(inside, bench, None, load_file, bench.watch.clock)
    assert [bench.turn() for _ in range(3)] == [["a.png"], [], []]
    assert tree("in") == ["a.png", "out/a.png"]


def test_does_a_replaced_input_again_and_a_touched_one_not() -> None:
    save_picture(Path("in/a.png"))
    bench = Bench()
    assert bench.turn() == ["a.png"]
    os.utime("in/a.png")
    assert bench.turn() == []
    save_picture(Path("in/a.png"), seed=5)
    assert bench.turn() == ["a.png"]
    with Pillow.open("out/a.png") as made, Pillow.open("in/a.png") as source:
        assert made.getpixel((0, 0)) == source.getpixel((0, 0))
    Path("new.png").write_bytes(save_picture(Path("other.png"), seed=6).read_bytes())
    Path("new.png").replace("in/a.png")
    assert bench.turn() == ["a.png"]


def test_a_restart_goes_on_where_it_was_without_reading_what_is_done() -> None:
    for seed in range(3):
        save_picture(Path(f"in/{seed}.png"), seed)
    bench = Bench()
    assert len(bench.turn()) == 3
    Path("in/0.png").chmod(0)  # a change of its own: looked at, and failing for a user
    Path("in/0.png").chmod(0o644)
    save_picture(Path("in/3.png"))
    bench.results.clear()
    bench.start()
    assert bench.turn() == ["3.png"]
    assert {Path(result.input).name for result in bench.results} == {"0.png", "3.png"}
    assert count(bench.results) == {"done": 1, "skipped": 1}


def test_a_lost_state_is_made_again_from_outputs_that_match() -> None:
    for seed in range(3):
        save_picture(Path(f"in/{seed}.png"), seed)
    bench = Bench()
    bench.turn()
    made = {name: Path("out", name).read_bytes() for name in tree("out")}
    shutil.rmtree("out/.sr-batch")
    Path("out/1.png").unlink()
    bench.results.clear()
    bench.start()
    bench.turn()
    assert count(bench.results) == {"done": 3}
    assert {name: Path("out", name).read_bytes() for name in tree("out")} == made
    bench.start()
    assert bench.turn() == []


def test_an_output_that_was_taken_away_is_not_made_again() -> None:
    """The next in line takes it from there."""
    save_picture(Path("in/a.png"))
    bench = Bench()
    bench.turn()
    Path("out/a.png").unlink()
    assert bench.turn() == []
    bench.start()
    assert bench.turn() == []


def test_a_share_that_is_lost_for_a_while_is_known_when_it_is_back() -> None:
    save_picture(Path("in/a.png"))
    bench = Bench()
    bench.turn()
    Path("out/a.png").unlink()
    Path("in").rename("elsewhere")
    Path("in").mkdir()
    assert bench.turn() == []
    Path("in").rmdir()
    assert bench.turn() == []
    Path("elsewhere").rename("in")
    assert bench.turn() == []
    assert len(bench.results) == 1


def test_what_may_still_be_written_is_tried_again() -> None:
    whole = save_picture(Path("other/a.png"), size=(60, 40)).read_bytes()
    Path("in").mkdir()
    Path("in/a.png").write_bytes(whole[:500])
    bench = Bench()
    assert bench.run(5) == []
    assert bench.results == []
    assert bench.lines[0].startswith("waiting: ")
    assert bench.lines[0].endswith("damaged png (it has no end); tried again in 10 s")
    Path("in/a.png").write_bytes(whole)
    assert bench.run(40) == ["a.png"]
    assert count(bench.results) == {"done": 1}


def test_what_stays_damaged_is_recorded_and_left() -> None:
    whole = save_picture(Path("other/a.png"), size=(60, 40)).read_bytes()
    Path("in").mkdir()
    Path("in/a.png").write_bytes(whole[:500])
    bench = Bench()
    bench.run(450)
    assert count(bench.results) == {"failed": 1}
    assert 2 <= len(bench.lines) <= 4
    bench.start()
    bench.run(40)
    assert count(bench.results) == {"failed": 1}
    (outcome,) = Journal(Path("out"), pytest.fail).all().values()
    assert outcome.status == "failed"
    assert "a.png" in outcome.error


def test_what_is_no_picture_is_recorded_at_once() -> None:
    Path("in").mkdir()
    Path("in/a.jpg").write_text("words")
    bench = Bench()
    bench.run(3)
    assert count(bench.results) == {"failed": 1}


def test_what_met_a_full_memory_is_tried_again() -> None:
    save_picture(Path("in/a.png"))
    bench = Bench(failing(2, OutOfMemory("out of memory")))
    assert bench.run(60) == ["a.png"]
    assert len(bench.lines) == 2
    assert count(bench.results) == {"done": 1}


def test_never_tries_for_ever() -> None:
    save_picture(Path("in/a.png"))
    bench = Bench(failing(99, OutOfMemory("out of memory")))
    bench.run(900)
    assert count(bench.results) == {"failed": 1}
    assert len(bench.lines) == 4


def test_waits_for_room_on_a_full_disk_and_loses_nothing() -> None:
    for seed in range(5):
        save_picture(Path(f"in/{seed}.png"), seed)
    bench = Bench(failing(3, StorageError("the disk is full")))
    assert bench.run(8) == []
    assert bench.lines == ["stopped: the disk is full"]
    bench.run(80)
    assert tree("out") == [f"{seed}.png" for seed in range(5)]
    assert count(bench.results) == {"done": 5}


def test_two_that_would_be_one_output_do_not_stop_each_other() -> None:
    for name in ("a.png", "a.bmp", "b.png"):
        save_picture(Path("in") / name, seed=len(name))
    bench = Bench(pair={"options": UpscaleOptions(format="png")})
    bench.turn()
    assert count(bench.results) == {"done": 2, "failed": 1}
    (failed,) = [result for result in bench.results if isinstance(result, Failed)]
    assert "is the output of another input" in failed.error
    assert [name for name in tree("out") if name.endswith(".png")] == ["a.png", "b.png"]


def test_a_failure_that_the_user_has_dropped_is_tried_again() -> None:
    Path("in").mkdir()
    Path("in/a.jpg").write_text("words")
    bench = Bench()
    bench.run(3)
    journal = Journal(Path("out"), pytest.fail)
    journal.forget(journal.failed())
    bench.run(40)
    assert count(bench.results) == {"failed": 2}


def test_what_is_gone_before_its_turn_is_no_failure() -> None:
    save_picture(Path("in/a.png"))
    bench = Bench()
    bench.watch.look()
    bench.seconds += 3
    batch = bench.watch.take()
    Path("in/a.png").unlink()
    bench.watch.work(batch, bench.upscaler, threading.Event())
    assert bench.go_on(40) == []
    assert (bench.results, bench.lines) == ([], [])


def test_a_stop_drops_nothing() -> None:
    save_picture(Path("in/a.png"))
    bench, stop = Bench(), threading.Event()
    bench.watch.look()
    bench.seconds += 3
    stop.set()
    bench.watch.work(bench.watch.take(), bench.upscaler, stop)
    assert bench.results == []
    assert bench.go_on(0) == ["a.png"]


def test_memory_of_sources_that_are_gone_is_given_back() -> None:
    save_picture(Path("in/a.png"))
    bench = Bench()
    bench.turn()
    Path("in/a.png").unlink()
    bench.turn()
    save_picture(Path("in/a.png"))
    bench.turn()
    assert count(bench.results) in ({"done": 1, "skipped": 1}, {"done": 2})


def test_the_journal_forgets_at_a_start_what_has_been_gone_for_a_month() -> None:
    for seed in range(3):
        save_picture(Path(f"in/{seed}.png"), seed)
    bench = Bench()
    bench.turn()
    journal = Journal(Path("out"), pytest.fail)

    def known_after(days_later: float) -> list[str]:
        bench.start()
        bench.started += days_later * 86400
        bench.turn()
        return sorted(path.name for path in journal.all())

    Path("in/0.png").unlink()
    assert known_after(29) == ["0.png", "1.png", "2.png"]
    Path("in").rename("elsewhere")  # a share that is not mounted
    Path("in").mkdir()
    assert known_after(31) == ["0.png", "1.png", "2.png"]
    Path("in").rmdir()
    Path("elsewhere").rename("in")
    assert known_after(31) == ["1.png", "2.png"]


@pytest.mark.parametrize(
    ("after", "left", "moved"), [("keep", ["a.png", "b.jpg"], []), ("delete", ["b.jpg"], [])]
)
def test_acts_on_a_source_once_its_output_stands(
    after: str, left: list[str], moved: list[str]
) -> None:
    save_picture(Path("in/a.png"))
    Path("in/b.jpg").write_text("words")
    bench = Bench(pair={"after": after, "options": UpscaleOptions(verify=True)})
    bench.turn()
    assert tree("in") == left
    assert tree("out") == ["a.png", "b.jpg.error.json"]


def test_moves_sources_and_never_over_each_other() -> None:
    bench = Bench(pair={"after": "move", "options": UpscaleOptions(verify=True)})
    for seed in range(3):
        save_picture(Path("in/deep/a.png"), seed)
        Path("in/b.jpg").write_text("words")
        bench.turn()
        bench.turn()
    assert tree("in") == []
    assert tree("in_done") == ["deep/a.png", "deep/a_2.png", "deep/a_3.png"]
    assert tree("in_failed") == ["b.jpg", "b_2.jpg", "b_3.jpg"]


def test_keeps_a_source_that_has_changed_meanwhile() -> None:
    save_picture(Path("in/a.png"))

    def change(name: str) -> None:
        if not bench.results:
            save_picture(Path("in/a.png"), seed=7, size=(9, 9))

    verified = UpscaleOptions(verify=True)
    bench = Bench(FakeUpscaler(before=change), {"after": "delete", "options": verified})
    bench.watch.look()
    bench.seconds += 3
    bench.watch.work(bench.watch.take(), bench.upscaler, threading.Event())
    assert tree("in") == ["a.png"]
    assert isinstance(bench.results[0], Done)
    bench.turn()
    bench.turn()
    assert tree("in") == []
    with Pillow.open("out/a.png") as made:
        assert made.size == (18, 18)


def test_opens_files_with_its_loader_alone() -> None:
    """Under ``--isolate``, that one opens them in a decoder process."""
    save_picture(Path("in/a.png"))
    bench, opened = Bench(), list[str]()

    def load(data: bytes, name: str, max_pixels: int) -> AbstractContextManager[LoadedFile]:
        opened.append(Path(name).name)
        return load_file(data, name, max_pixels)

    bench.watch.load = load
    assert bench.turn() == ["a.png"]
    assert opened == ["a.png", "a.png"]  # for the plan, and for the job
