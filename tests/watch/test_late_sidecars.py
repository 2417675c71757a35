"""Sidecars that arrive or change after a watch has finished their pictures."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sr_batch.core.options import UpscaleOptions
from sr_batch.watch.source_removal import may_remove
from tests.codec.pictures import xmp_packet
from tests.fakes import save_picture
from tests.runs import tree
from tests.watch.conftest import Watching
from tests.watch.driver import Driver

here = pytest.mark.usefixtures("here")
VERIFIED: dict[str, Any] = {"options": UpscaleOptions(verify=True)}


def changed() -> bytes:
    return xmp_packet(1).replace(b"GPSLatitude", b"GPSLongitud")


@here
@pytest.mark.parametrize("name", ["deep/a.xmp", "deep/a.png.xmp"])
@pytest.mark.parametrize("restart", [False, True])
def test_copies_a_sidecar_that_comes_and_changes_later(name: str, restart: bool) -> None:
    save_picture(Path("in/deep/a.png"))
    driver = Driver()
    assert driver.turn() == ["a.png"]
    for packet in (xmp_packet(1), changed()):
        Path("in", name).write_bytes(packet)
        if restart:
            driver.start()
        assert driver.turn() == []
        copy = Path("out", name).read_bytes()
        assert b'tiff:ImageWidth="12"' in copy
        assert (b"GPSLatitude" in copy) == (packet == xmp_packet(1))
    assert tree("out") == sorted(["deep/a.png", name])
    assert driver.lines == []


@here
def test_makes_no_output_again_for_the_sake_of_a_sidecar() -> None:
    """Another program has taken it, or the settings are others since a restart."""
    for name in ("a", "b"):
        save_picture(Path(f"in/{name}.png"))
    driver = Driver()
    driver.turn()
    Path("out/a.png").unlink()
    whole = Path("out/b.png").read_bytes()
    driver.pair = {"options": UpscaleOptions(scale=4)}
    driver.upscaler.scale, driver.upscaler.recipe = 4, "x4"
    driver.start()
    for name in ("a", "b"):
        Path(f"in/{name}.xmp").write_bytes(xmp_packet(1))
    assert driver.turn() == []
    assert tree("out") == ["b.png", "b.xmp"]
    assert Path("out/b.png").read_bytes() == whole
    assert b'tiff:ImageWidth="12"' in Path("out/b.xmp").read_bytes()


@here
def test_keeps_a_copy_that_was_changed() -> None:
    save_picture(Path("in/a.png"))
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    driver = Driver()
    driver.turn()
    Path("out/a.xmp").write_bytes(b"mine")
    Path("in/a.xmp").write_bytes(changed())
    driver.turn()
    assert Path("out/a.xmp").read_bytes() == b"mine"
    assert len(driver.lines) == 1
    assert "a.xmp was changed since it was copied" in driver.lines[0]


@here
def test_a_moved_picture_takes_its_sidecars_along() -> None:
    for seed in range(2):
        save_picture(Path("in/deep/a.png"), seed)
        Path("in/deep/a.xmp").write_bytes(xmp_packet(1))
        Path("in/deep/a.png.xmp").write_bytes(changed())
        driver = Driver(pair={"after": "move", **VERIFIED})
        driver.turn()
        shutil.rmtree("out")  # a second picture of the name is about another matter
    names = ["a.png", "a.png.xmp", "a.xmp", "a_2.png", "a_2.png.xmp", "a_2.xmp"]
    assert tree("in") == []
    assert tree("in_done") == [f"deep/{name}" for name in names]
    assert Path("in_done/deep/a_2.xmp").read_bytes() == xmp_packet(1)


@here
def test_a_failed_picture_takes_its_sidecars_along() -> None:
    Path("in").mkdir()
    Path("in/a.jpg").write_text("text")
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    driver = Driver(pair={"after": "move", **VERIFIED})
    driver.turn()
    assert tree("in") == []
    assert tree("in_failed") == ["a.jpg", "a.xmp"]


@here
def test_a_sidecar_of_two_pictures_stays_with_both() -> None:
    save_picture(Path("in/a.png"))
    Path("in/a.nef").write_bytes(b"raw")
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    driver = Driver(pair={"after": "move", **VERIFIED})
    driver.turn()
    assert tree("in") == ["a.nef", "a.xmp"]
    assert tree("in_done") == ["a.png", "a.xmp"]
    assert Path("in_done/a.xmp").read_bytes() == xmp_packet(1)


@here
def test_a_sidecar_follows_its_picture_that_was_moved() -> None:
    save_picture(Path("in/deep/a.png"))
    driver = Driver(pair={"after": "move", **VERIFIED})
    driver.turn()
    Path("in/deep/a.xmp").write_bytes(xmp_packet(1))
    assert driver.turn() == []
    assert tree("in") == []
    assert tree("in_done") == ["deep/a.png", "deep/a.xmp"]
    assert b'tiff:ImageWidth="12"' in Path("out/deep/a.xmp").read_bytes()
    assert driver.lines == []


@here
@pytest.mark.parametrize("after", ["move", "delete"])
def test_a_sidecar_stays_if_several_pictures_had_its_name(after: str) -> None:
    driver = Driver(pair={"after": after, **VERIFIED})
    for seed in range(3):
        save_picture(Path("in/a.png"), seed)
        driver.turn()
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    driver.turn()
    assert tree("in") == ["a.xmp"]
    assert tree("out") == ["a.png", "a_2.png", "a_3.png"]
    assert len(driver.lines) == 1
    assert "a.xmp stays in the watched folder: several pictures had its name" in driver.lines[0]


@here
def test_a_sidecar_does_not_replace_another_one() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(pair={"after": "move", **VERIFIED})
    driver.turn()
    Path("in_done/a.xmp").write_bytes(b"other")
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    driver.turn()
    assert Path("in_done/a.xmp").read_bytes() == b"other"
    assert tree("in") == ["a.xmp"]
    assert len(driver.lines) == 1
    assert f"there is already {Path.cwd()}/in_done/a.xmp" in driver.lines[0]


@here
@pytest.mark.parametrize("restart", [False, True])
def test_a_sidecar_follows_its_picture_to_any_number(restart: bool) -> None:
    for number in ("", "_2", "_3"):
        save_picture(Path(f"in_done/a{number}.png"), 9)
    save_picture(Path("in/a.png"))
    driver = Driver(pair={"after": "move", **VERIFIED})
    driver.turn()
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    if restart:
        driver.start()
    driver.turn()
    assert tree("in") == []
    assert tree("in_done")[-2:] == ["a_4.png", "a_4.xmp"]
    assert tree("out") == ["a.png", "a.xmp"]


@here
def test_a_sidecar_that_was_killed_on_its_way_arrives() -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(pair={"after": "move", **VERIFIED})
    driver.turn()
    for folder in ("in", "in_done"):
        Path(folder, "a.xmp").write_bytes(xmp_packet(1))
    driver.turn()
    assert tree("in") == []
    assert tree("out") == ["a.png", "a.xmp"]
    assert driver.lines == []


@here
@pytest.mark.parametrize("after", ["move", "delete"])
def test_a_sidecar_that_changes_before_its_picture_is_removed_is_copied_again(
    after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_picture(Path("in/a.png"))
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    driver = Driver(pair={"after": after, **VERIFIED})

    def change(*arguments: Any) -> bool:
        if b"GPSLatitude" in Path("in/a.xmp").read_bytes():
            Path("in/a.xmp").write_bytes(changed())
        return may_remove(*arguments)

    monkeypatch.setattr("sr_batch.watch.finished_sources.may_remove", change)
    driver.turn()
    assert tree("in") == ["a.png", "a.xmp"]
    driver.turn()
    assert tree("in") == []
    assert b"GPSLongitud" in Path("out/a.xmp").read_bytes()


@here
@pytest.mark.parametrize("name", ["deep/a.xmp", "deep/a.png.xmp"])
@pytest.mark.parametrize("late", [False, True])
def test_a_sidecar_is_deleted_with_its_picture(name: str, late: bool) -> None:
    save_picture(Path("in/deep/a.png"))
    driver = Driver(pair={"after": "delete", **VERIFIED})
    if late:
        assert driver.turn() == ["a.png"]
    Path("in", name).write_bytes(xmp_packet(6))
    driver.turn()
    assert tree("in") == []
    copy = Path("out", name).read_bytes()
    assert b'tiff:ImageWidth="12"' in copy
    assert (b'tiff:Orientation="1"' in copy) == late  # as the late one says how it was turned
    assert driver.lines == []


@here
@pytest.mark.parametrize("why", ["copy", "output", "strip", "picture"])
def test_a_sidecar_without_a_copy_is_not_deleted(why: str) -> None:
    options = UpscaleOptions(verify=True, metadata="strip" if why == "strip" else "keep")
    save_picture(Path("in/a.png"))
    driver = Driver(pair={"after": "delete", "options": options})
    driver.turn()
    if why == "copy":
        Path("out/a.xmp").write_bytes(b"mine")
    elif why == "output":
        Path("out/a.png").unlink()
    elif why == "picture":
        Path("in/a.nef").write_bytes(b"raw")
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    driver.turn()
    assert Path("in/a.xmp").read_bytes() == xmp_packet(1)


@here
def test_a_late_sidecar_comes_with_the_pictures_that_are_included() -> None:
    for name in ("a.png", "b.bmp"):
        save_picture(Path("in", name))
    driver = Driver(pair={"options": UpscaleOptions(include=("*.png",))})
    driver.turn()
    for name in ("a.xmp", "b.xmp"):
        Path("in", name).write_bytes(xmp_packet(1))
    driver.turn()
    assert tree("out") == ["a.png", "a.xmp"]


@here
def test_a_sidecar_follows_the_output_of_its_own_picture() -> None:
    """The output of the first picture of this name is ``a.png``, that of the second ``a_2.png``."""
    driver = Driver(pair={"again": "rename", **VERIFIED})
    for seed in range(2):
        save_picture(Path("in/a.png"), seed)
        driver.turn()
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    assert driver.turn() == []
    assert tree("out") == ["a.png", "a_2.png", "a_2.xmp"]


@here
def test_a_sidecar_without_a_picture_is_left_alone() -> None:
    Path("in").mkdir()
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    driver = Driver(pair={"after": "move", **VERIFIED})
    driver.turn()
    assert tree("in") == ["a.xmp"]
    assert driver.lines == []


@pytest.mark.slow
def test_a_real_watch_copies_a_late_sidecar(
    watching: Callable[..., Watching], tmp_path: Path
) -> None:
    watch = watching()
    save_picture(tmp_path / "in/a.png", size=(24, 16))
    watch.wait_for("a.png")
    watch.wait(lambda: len(watch.results()) == 1)
    (tmp_path / "in/a.xmp").write_bytes(xmp_packet(1))
    watch.wait_for("a.xmp")
    watch.end()
    assert b'tiff:ImageWidth="48"' in (tmp_path / "out/a.xmp").read_bytes()
    assert len(watch.results()) == 1
