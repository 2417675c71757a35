"""Names that come again: every picture keeps its own output."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from sr_batch.batch import engine
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Failed, JobResult
from sr_batch.watch.journal import Journal
from tests.fakes import save_picture
from tests.runs import count, digest, tree
from tests.watch.conftest import Watching
from tests.watch.driver import Driver
from tests.watch.test_watching import status

pytestmark = pytest.mark.usefixtures("here")

VERIFY = UpscaleOptions(verify=True)


def driver(after: str = "delete", **pair: Any) -> Driver:
    return Driver(pair={"after": after, "options": VERIFY, **pair})


def drop(each: Driver, seed: int, name: str = "a.png") -> None:
    save_picture(Path("in") / name, seed)
    each.turn()


def made_from(seed: int, output: str) -> bool:
    """Whether ``output`` shows the picture that ``seed`` makes."""
    picture = save_picture(Path("compared.png"), seed)
    with Pillow.open(picture) as small, Pillow.open(Path("out") / output) as large:
        return large.resize(small.size, Pillow.Resampling.NEAREST).tobytes() == small.tobytes()


@pytest.mark.parametrize("after", ["move", "delete"])
def test_another_picture_under_a_known_name_gets_its_own_output(after: str) -> None:
    watch = driver(after)
    drop(watch, 1)
    drop(watch, 2)
    watch.start()
    drop(watch, 3)
    assert (tree("in"), tree("out")) == ([], ["a.png", "a_2.png", "a_3.png"])
    assert [made_from(1, "a.png"), made_from(2, "a_2.png"), made_from(3, "a_3.png")] == [True] * 3
    removed = Journal(Path("out"), pytest.fail).removed()
    assert [each.outcome.status for each in removed] == ["done"] * 3


def test_a_picture_that_comes_again_has_the_same_output() -> None:
    watch = driver()
    for seed in (1, 2, 3):
        drop(watch, seed)
    Path("out/a_2.png").unlink()  # the next in line has taken it
    watch.start()
    for seed in (3, 2, 1):
        drop(watch, seed)
    assert tree("out") == ["a.png", "a_2.png", "a_3.png"]
    assert made_from(2, "a_2.png")
    assert count(watch.results) == {"done": 4, "skipped": 2}
    assert tree("in") == []


def test_a_known_name_is_not_free_when_its_output_was_taken_away() -> None:
    watch = driver()
    drop(watch, 1)
    Path("out/a.png").unlink()
    drop(watch, 2)
    assert tree("out") == ["a_2.png"]


def test_replaces_with_again_replace_and_says_so() -> None:
    watch = driver(again="replace")
    drop(watch, 1)
    drop(watch, 2)
    assert tree("out") == ["a.png"]
    assert made_from(2, "a.png")
    (line,) = watch.lines
    assert line.endswith("out/a.png is replaced when the new one is finished")


@pytest.mark.parametrize(("after", "left"), [("move", []), ("delete", ["a.png"])])
def test_fails_by_name_with_again_fail(after: str, left: list[str]) -> None:
    watch = driver(after, again="fail")
    drop(watch, 1)
    drop(watch, 1)  # the same picture is no fault
    first = digest(Path("out/a.png"))
    drop(watch, 2)
    drop(watch, 3, "b.png")
    failed = watch.results[2]
    assert isinstance(failed, Failed)
    assert "out/a.png was made from another picture of this name and is kept" in failed.error
    assert count(watch.results) == {"done": 2, "skipped": 1, "failed": 1}
    assert digest(Path("out/a.png")) == first
    assert (tree("in"), tree("out")) == (left, ["a.png", "a.png.error.json", "b.png"])


def test_sources_that_stay_are_replaced_but_renamed_at_choice() -> None:
    watch = Driver()
    drop(watch, 1)
    drop(watch, 2)
    assert tree("out") == ["a.png"]
    assert made_from(2, "a.png")
    assert len(watch.lines) == 1
    watch.pair = {"again": "rename"}
    watch.start()
    drop(watch, 3)
    assert tree("out") == ["a.png", "a_2.png"]


def test_a_source_edited_in_place_replaces_its_own_output_only() -> None:
    watch = driver()
    drop(watch, 1)
    edits = iter([3])

    def edit(name: str) -> None:
        for seed in edits:
            save_picture(Path("in/a.png"), seed)

    watch.upscaler.before = edit
    drop(watch, 2)
    watch.turn()
    assert tree("out") == ["a.png", "a_2.png"]
    assert [made_from(1, "a.png"), made_from(3, "a_2.png")] == [True] * 2


def test_another_file_that_replaces_a_source_in_work_gets_its_own_output() -> None:
    watch = driver()
    others = iter([2])

    def put_another(name: str) -> None:
        for seed in others:
            save_picture(Path("other.png"), seed).replace("in/a.png")

    watch.upscaler.before = put_another
    drop(watch, 1)
    watch.turn()
    assert tree("out") == ["a.png", "a_2.png"]
    assert [made_from(1, "a.png"), made_from(2, "a_2.png")] == [True] * 2


def test_numbered_names_of_one_batch_are_kept_apart() -> None:
    watch = driver()
    drop(watch, 1)
    save_picture(Path("in/a.png"), 2)
    save_picture(Path("in/a_2.png"), 3)
    watch.turn()
    drop(watch, 4, "a_3.png")
    Path("out/a_4.png").write_text("the user's")
    drop(watch, 5)
    assert tree("in") == []
    names = [name for name in tree("out") if name != "a_4.png"]
    whose = {name: seed for name in names for seed in range(1, 6) if made_from(seed, name)}
    assert sorted(whose.values()) == [1, 2, 3, 4, 5]
    assert Path("out/a_4.png").read_text() == "the user's"


def test_keeps_the_output_of_a_source_that_an_earlier_run_did_not_remove() -> None:
    """As in a state file from before there was a table of removed sources."""
    watch = Driver()
    drop(watch, 1)
    Path("in/a.png").unlink()
    watch.pair = {"after": "delete", "options": VERIFY}
    watch.start()
    drop(watch, 2)
    assert tree("out") == ["a.png", "a_2.png"]
    assert made_from(1, "a.png")


def test_a_source_that_changes_after_its_output_was_chosen_replaces_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = driver()
    drop(watch, 1)
    drop(watch, 2)
    changes, run = iter([3]), engine.run

    def change_first(*arguments: Any) -> Iterator[JobResult]:
        for seed in changes:
            save_picture(Path("in/a.png"), seed)
        return run(*arguments)

    monkeypatch.setattr(engine, "run", change_first)
    drop(watch, 1)
    watch.turn()
    assert tree("out") == ["a.png", "a_2.png", "a_3.png"]
    whose = [(1, "a.png"), (2, "a_2.png"), (3, "a_3.png")]
    assert all(made_from(seed, name) for seed, name in whose)
    assert count(watch.results) == {"done": 3}


@pytest.mark.parametrize("after", ["move", "delete"])
@pytest.mark.parametrize("first", [pytest.param(n, marks=pytest.mark.slow) for n in (2, 3)] + [1])
def test_every_picture_of_a_long_day_has_its_own_output(after: str, first: int) -> None:
    chance = random.Random(first)
    watch, dropped, junk = driver(after), set[int](), 0
    for seed in range(60):
        target = Path("in") / chance.choice(["a.png", "a_2.png", "b.png", "deep/a.png"])
        if target.exists():
            watch.turn()
        target.unlink(missing_ok=True)  # a failure, where failures stay
        target.parent.mkdir(exist_ok=True)
        if chance.random() < 0.2:
            target.write_text(f"text {seed}")
            junk += 1
        else:
            again = bool(dropped) and chance.random() < 0.2
            shown = chance.choice(sorted(dropped)) if again else seed
            dropped.add(shown)
            save_picture(Path("new.png"), shown).rename(target)
        if chance.random() < 0.3:
            watch.start()
    watch.turn()
    names = [name for name in tree("out") if name.endswith(".png")]
    assert {pixels(Path("out", name), 2) for name in names} == {
        pixels(save_picture(Path("compared.png"), seed), 1) for seed in dropped
    }
    assert after == "delete" or len(tree("in_failed")) == junk


def pixels(path: Path, factor: int) -> bytes:
    with Pillow.open(path) as picture:
        size = (picture.width // factor, picture.height // factor)
        return picture.resize(size, Pillow.Resampling.NEAREST).tobytes()


@pytest.mark.parametrize("after", ["move", "delete"])
def test_the_real_command_keeps_every_picture(
    after: str, watching: Callable[..., Watching]
) -> None:
    def take(seed: int) -> list[str]:
        watch = watching("--after", after, "--verify")
        save_picture(Path("a.png"), seed).rename("in/a.png")
        watch.wait(lambda: len(watch.results()) == 1 and tree("in") == [])
        watch.end()
        return watch.outputs()

    assert take(1) == ["a.png"]
    assert take(2) == ["a.png", "a_2.png"]
    assert "done: 2, failed: 0, waiting: 0" in status(Path.cwd()).stdout
