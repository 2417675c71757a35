import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image as Pillow

from sr_batch.batch.job import Job
from sr_batch.batch.loading import load_file
from sr_batch.batch.output_ledger import Entry, Ledger
from sr_batch.batch.overwrite_guard import OutputTaken, OverwriteGuard, Recipes
from sr_batch.core.errors import OutputCollision
from sr_batch.core.geometry import Size
from sr_batch.core.options import Existing, UpscaleOptions
from sr_batch.core.results import Skipped
from sr_batch.files.reading import file_hash
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import count, digest, errors, go, is_whole, photos, tree

pytestmark = pytest.mark.usefixtures("here", "originals")


# what is made again


def test_a_rerun_does_nothing() -> None:
    photos()
    go("in")
    before = {path: path.stat().st_ino for path in Path("in_sr").glob("*.png")}
    upscaler = FakeUpscaler()
    results = go("in", upscaler=upscaler)
    assert count(results) == {"skipped": 3}
    assert {r.reason for r in results if isinstance(r, Skipped)} == {"already done"}
    assert upscaler.names == []
    assert before == {path: path.stat().st_ino for path in Path("in_sr").glob("*.png")}


def test_time_stamps_do_not_matter() -> None:
    photos()
    go("in")
    for path in [*Path("in").glob("*.png"), *Path("in_sr").glob("*.png")]:
        os.utime(path, (0, 0))
    assert count(go("in")) == {"skipped": 3}


def test_a_moved_output_folder_is_still_known() -> None:
    photos()
    go("in")
    Path("in_sr").rename("moved")
    assert count(go("in", output="moved")) == {"skipped": 3}


@pytest.mark.parametrize(
    "harm",
    [
        Path.unlink,
        lambda path: path.write_bytes(b""),
    ],
    ids=["deleted", "emptied"],
)
def test_a_missing_output_is_made_again(harm: Callable[[Path], None]) -> None:
    photos()
    go("in")
    whole = digest(Path("in_sr/1.png"))
    harm(Path("in_sr/1.png"))
    upscaler = FakeUpscaler()
    assert count(go("in", upscaler=upscaler)) == {"done": 1, "skipped": 2}
    assert upscaler.names == ["in/1.png"]
    assert digest(Path("in_sr/1.png")) == whole


def test_a_changed_input_is_made_again() -> None:
    photos()
    go("in")
    save_picture(Path("in/1.png"), seed=99)
    upscaler = FakeUpscaler()
    assert count(go("in", upscaler=upscaler)) == {"done": 1, "skipped": 2}
    assert upscaler.names == ["in/1.png"]


def test_another_recipe_makes_all_again() -> None:
    photos()
    go("in")
    assert count(go("in", upscaler=FakeUpscaler(recipe="better"), said=[])) == {"done": 3}
    assert count(go("in", options=UpscaleOptions(metadata="strip"), said=[])) == {"done": 3}
    assert count(go("in", said=[])) == {"done": 3}
    assert count(go("in")) == {"skipped": 3}


def test_files_beside_their_inputs_are_known_too() -> None:
    photos()
    for expected in ("done", "skipped"):
        assert count(go("in/0.png", "in/1.png")) == {expected: 2}
    assert tree("in") == ["0.png", "0_x2_nearest.png", "1.png", "1_x2_nearest.png", "2.png"]


@pytest.mark.parametrize("output", ["in", "in/big", "in/b"])
def test_output_in_the_input_folder_twice_in_a_row(output: str, originals: dict[Path, str]) -> None:
    photos()
    save_picture(Path("in/b/c.png"))
    made = 3 if output == "in/b" else 4  # files in the output folder are not inputs
    originals.update({path: digest(path) for path in Path("in").rglob("*.png")})
    assert count(go("in", output=output))["done"] == made
    after = tree("in")
    assert len(after) == 4 + made
    results = go("in", output=output)
    assert count(results)["skipped"] == len(after)
    assert len(results) == len(after)
    assert tree("in") == after


# what was changed since


def edit(path: Path = Path("in_sr/0.png")) -> bytes:
    """Change an output as another program does that keeps it a good picture."""
    with Pillow.open(path) as picture:
        picture.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT).save(path)
    return path.read_bytes()


EDITED = "the output was changed since and is kept; --existing overwrite makes it again"


@pytest.mark.parametrize(
    "change",
    [edit, lambda: Path("in_sr/0.png").write_bytes(b"no picture"), lambda: cut("in_sr/0.png")],
    ids=["edited", "another", "truncated"],
)
@pytest.mark.parametrize("existing", ["error", "skip"])
def test_a_changed_output_is_kept(
    change: Callable[[], object], existing: Existing, originals: dict[Path, str]
) -> None:
    photos(2)
    go("in")
    change()
    originals[Path("in_sr/0.png")] = digest(Path("in_sr/0.png"))
    for _ in range(2):
        upscaler = FakeUpscaler()
        results = go("in", upscaler=upscaler, options=UpscaleOptions(existing=existing))
        assert count(results) == {"skipped": 2}
        assert [r.reason for r in results if r.input == "in/0.png" and isinstance(r, Skipped)] == [
            EDITED
        ]
        assert upscaler.names == []


def cut(name: str) -> None:
    Path(name).write_bytes(Path(name).read_bytes()[:-1])


def test_a_changed_output_is_made_again_on_request() -> None:
    photos(2)
    go("in")
    whole = digest(Path("in_sr/0.png"))
    edit()
    upscaler = FakeUpscaler()
    results = go("in", upscaler=upscaler, options=UpscaleOptions(existing="overwrite"))
    assert count(results) == {"done": 1, "skipped": 1}
    assert upscaler.names == ["in/0.png"]
    assert digest(Path("in_sr/0.png")) == whole
    assert count(go("in")) == {"skipped": 2}


@pytest.mark.parametrize(
    ("existing", "status"), [("error", "failed"), ("skip", "skipped"), ("overwrite", "done")]
)
@pytest.mark.parametrize("new", ["input", "recipe"])
def test_a_changed_output_of_other_work_follows_the_policy(
    new: str, existing: Existing, status: str
) -> None:
    """The output that was asked for is not there, so the error is not left out."""
    photos(1)
    go("in")
    edited = edit()
    if new == "input":
        save_picture(Path("in/0.png"), seed=99)
    upscaler = FakeUpscaler(recipe="better" if new == "recipe" else "nearest")
    results = go("in", upscaler=upscaler, options=UpscaleOptions(existing=existing), said=[])
    assert count(results) == {status: 1}
    assert (Path("in_sr/0.png").read_bytes() == edited) == (status != "done")
    assert upscaler.names == (["in/0.png"] if status == "done" else [])
    assert all("was changed by another program" in error for error in errors(results))


@pytest.mark.parametrize("existing", ["error", "overwrite"])
def test_a_kill_before_the_name_is_taken_does_not_make_an_output_look_changed(
    existing: Existing,
) -> None:
    """The earlier output is there, and the entry of the new one."""
    photos(1)
    go("in")
    for scale in (3, 4):
        code = (
            "import os; from sr_batch.files.part_file import PartFile\n"
            "from sr_batch.core.options import UpscaleOptions\n"
            "from tests.fakes import FakeUpscaler; from tests.runs import go\n"
            "PartFile.take_name = lambda part: os._exit(9)\n"
            f"options = UpscaleOptions(existing={existing!r})\n"
            f"go('in', upscaler=FakeUpscaler({scale}, 'x{scale}'), options=options, said=[])"
        )
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        killed = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
        assert killed.returncode == 9
    assert count(go("in", upscaler=FakeUpscaler(4, "x4"))) == {"done": 1}
    assert count(go("in", upscaler=FakeUpscaler(4, "x4"))) == {"skipped": 1}


@pytest.mark.parametrize("existing", ["error", "skip"])
@pytest.mark.parametrize("before", ["nothing", "an output"])
@pytest.mark.parametrize("moment", ["enlarged", "recorded"])
def test_what_is_written_during_the_work_is_kept(
    existing: Existing, before: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos(1)
    if before == "an output":
        go("in")

    def intrude(*_: object) -> None:
        save_picture(Path("in_sr/0.png"), seed=7, size=(12, 8))

    def record(ledger: Ledger, target: Path, entry: Entry) -> None:
        genuine(ledger, target, entry)
        intrude()

    upscaler = FakeUpscaler(recipe="better")
    genuine = Ledger.record
    if moment == "enlarged":
        upscaler.before = intrude
    else:
        monkeypatch.setattr(Ledger, "record", record)
    results = go("in", upscaler=upscaler, options=UpscaleOptions(existing=existing), said=[])
    assert count(results) == {"failed": 1}
    assert "was changed by another program" in errors(results)[0]
    with (
        Pillow.open("in_sr/0.png") as kept,
        Pillow.open(save_picture(Path("b.png"), 7, (12, 8))) as mine,
    ):
        assert kept.tobytes() == mine.tobytes()


def test_runs_at_the_same_time_do_not_take_each_other_s_outputs_for_changed_ones() -> None:
    photos(1)
    other = FakeUpscaler(3, "x3")

    def meanwhile(name: str) -> None:
        assert count(go("in", upscaler=other)) == {"done": 1}

    assert count(go("in", upscaler=FakeUpscaler(before=meanwhile))) == {"done": 1}
    assert count(go("in")) == {"skipped": 1}


def test_the_entries_of_earlier_versions_are_known() -> None:
    """Their column of hashes holds one."""
    photos(1)
    go("in")
    go("in", upscaler=FakeUpscaler(recipe="better"), said=[])
    with closing(sqlite3.connect("in_sr/.sr-batch/state.sqlite")) as state, state:
        (hashes,) = state.execute(
            "SELECT output FROM outputs WHERE path = ?", [b"0.png"]
        ).fetchone()
        assert len(hashes.split()) == 2
        state.execute("UPDATE outputs SET output = ? WHERE output = ?", (hashes.split()[0], hashes))
    better = FakeUpscaler(recipe="better")
    assert count(go("in", upscaler=better)) == {"skipped": 1}
    edit()
    assert EDITED in str(go("in", upscaler=better))


# what is never replaced


def test_an_unknown_file_in_the_place_of_an_output_is_kept(originals: dict[Path, str]) -> None:
    photos(4)
    save_picture(Path("in_sr/0.png"), seed=5, size=(12, 8))
    save_picture(Path("in_sr/1.png"), seed=5, size=(3, 3))
    save_picture(Path("in_sr/2.png"), seed=5, size=(640, 480))
    Path("in_sr/3.png").write_bytes(b"a note")
    originals.update({path: digest(path) for path in Path("in_sr").iterdir()})
    upscaler = FakeUpscaler()
    results = go("in", upscaler=upscaler)
    assert count(results) == {"failed": 4}
    assert all("in_sr" in error and "-o" in error for error in errors(results))
    assert upscaler.names == [
        "in/0.png"
    ]  # a file of another size cannot be an earlier output: no work


def test_the_output_of_another_input_of_the_same_name_is_kept(originals: dict[Path, str]) -> None:
    photos(1, "in")
    save_picture(Path("other/0.png"), seed=5)
    assert count(go("in", output="out")) == {"done": 1}
    originals[Path("out/0.png")] = digest(Path("out/0.png"))
    upscaler = FakeUpscaler()
    results = go("other", output="out", upscaler=upscaler)
    assert count(results) == {"failed": 1}
    assert "out/0.png was made from another input (../in/0.png, relative to" in errors(results)[0]
    assert upscaler.names == []


def test_the_same_content_elsewhere_is_done_already() -> None:
    photos(1, "in")
    photos(1, "copy")
    assert count(go("in", output="out")) == {"done": 1}
    assert count(go("copy", output="out")) == {"skipped": 1}
    other = FakeUpscaler(recipe="b")
    assert count(go("copy", output="out", upscaler=other, said=[])) == {"done": 1}


def test_an_input_that_changed_after_all_moved_together_is_made_again() -> None:
    photos(1, "a/in")
    assert count(go("a/in")) == {"done": 1}
    Path("a").rename("b")
    save_picture(Path("b/in/0.png"), seed=5)
    assert count(go("b/in")) == {"done": 1}


def test_a_folder_in_the_place_of_an_output_is_kept() -> None:
    photos(1)
    save_picture(Path("in_sr/0.png/a.png"))
    assert count(go("in")) == {"failed": 1}
    assert tree("in_sr") == ["0.png/a.png"]


def test_an_empty_file_in_the_place_of_an_output_is_replaced() -> None:
    photos(1)
    Path("in_sr").mkdir()
    Path("in_sr/0.png").touch()
    assert count(go("in")) == {"done": 1}


@pytest.mark.parametrize("content", [b"no database" * 99, None])
def test_outputs_whose_record_was_lost_are_recognised(content: bytes | None) -> None:
    """The same work gives the same bytes."""
    photos()
    go("in")
    state = Path("in_sr/.sr-batch/state.sqlite")
    state.unlink() if content is None else state.write_bytes(content)
    said: list[str] = []
    assert count(go("in", said=said)) == {"done": 3}
    assert len(said) == (0 if content is None else 1)
    assert count(go("in")) == {"skipped": 3}


def test_a_lost_record_never_makes_an_output_an_input() -> None:
    photos()
    go("in", output="in")
    before = tree("in")
    Path("in/.sr-batch/state.sqlite").unlink()
    with pytest.raises(OutputCollision):
        go("in", output="in")
    assert tree("in") == before


def test_a_state_file_that_cannot_be_written_is_reported_once_and_stops_nothing() -> None:
    photos()
    Path("in_sr").mkdir()
    Path("in_sr/.sr-batch").touch()
    said: list[str] = []
    assert count(go("in", said=said)) == {"done": 3}
    assert len(said) == 1
    assert "state.sqlite" in said[0]


def test_the_target_of_a_link_is_replaced_not_the_link() -> None:
    photos(1)
    Path("in_sr").mkdir()
    Path("in_sr/0.png").symlink_to("../real.png")
    assert count(go("in")) == {"done": 1}
    assert Path("in_sr/0.png").is_symlink()
    assert is_whole(Path("real.png"))
    assert count(go("in")) == {"skipped": 1}


def test_an_output_that_was_named_is_known_the_next_time() -> None:
    photos(1)
    for expected in ("done", "skipped"):
        assert count(go("in/0.png", output="new/a.webp")) == {expected: 1}
    with Pillow.open("new/a.webp") as picture:
        assert picture.format == "WEBP"


@pytest.mark.parametrize("edited", [False, True])
def test_an_output_by_an_equal_recipe_counts_as_done(edited: bool) -> None:
    """As of another machine, where ``--precision auto`` takes another file."""
    photos(1)
    go("in", upscaler=FakeUpscaler(recipe="int8"))
    if edited:
        Path("in_sr/0.png").write_bytes(b"retouched")
    before = digest(Path("in_sr/0.png"))
    other = FakeUpscaler(recipe="fp32")
    other.equal_recipes = ("fp16", "int8")
    assert count(go("in", upscaler=other)) == {"skipped": 1}
    assert digest(Path("in_sr/0.png")) == before
    exact = FakeUpscaler(recipe="fp32")
    assert count(go("in", upscaler=exact, said=[])) == ({"failed": 1} if edited else {"done": 1})


# pictures that had one name


@pytest.mark.parametrize("existing", get_args(Existing))
@pytest.mark.parametrize("during_the_work", [False, True])
def test_an_output_of_another_picture_of_the_name_is_kept(
    existing: Existing, during_the_work: bool
) -> None:
    target = Path("out/1.png")
    job = Job(Path("in/1.png"), target, target.parent, "png", 0, keep_others=True)
    ledger = Ledger(target.parent, print)
    guard = OverwriteGuard(job, ledger, "mine", Recipes("recipe"), existing)
    save_picture(target)
    entry = Entry("another", "recipe", file_hash(target) or "", Path("../in/1.png"))
    ledger.record(target, entry)
    if during_the_work:
        with pytest.raises(OutputTaken, match=r"--again replace$"):
            guard.require_unchanged("hash")
    else:
        guard = OverwriteGuard(job, ledger, "mine", Recipes("recipe"), existing)
        with pytest.raises(OutputTaken, match=r"--again replace$"):
            guard.require_replaceable("png", (Size(16, 12),), load_file)
