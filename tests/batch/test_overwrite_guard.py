import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

from sr_batch.core.errors import OutputCollision
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Skipped
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
        lambda path: path.write_bytes(b"edited"),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
    ],
    ids=["deleted", "emptied", "changed", "truncated"],
)
def test_a_damaged_output_is_made_again(harm: Callable[[Path], None]) -> None:
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
    assert count(go("in", upscaler=FakeUpscaler(recipe="better"))) == {"done": 3}
    assert count(go("in", options=UpscaleOptions(metadata="strip"))) == {"done": 3}
    assert count(go("in")) == {"done": 3}
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
    assert (
        "out/0.png is the output of another input, ../in/0.png as seen from" in errors(results)[0]
    )
    assert upscaler.names == []


def test_the_same_content_elsewhere_is_done_already() -> None:
    photos(1, "in")
    photos(1, "copy")
    assert count(go("in", output="out")) == {"done": 1}
    assert count(go("copy", output="out")) == {"skipped": 1}
    assert count(go("copy", output="out", upscaler=FakeUpscaler(recipe="b"))) == {"done": 1}


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
