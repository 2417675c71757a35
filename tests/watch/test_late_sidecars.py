"""Sidecars that arrive or change after a watch has finished their pictures."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sr_batch.core.options import UpscaleOptions
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
@pytest.mark.parametrize("other", ["in_done/a.xmp", "in_done/a_2.png"])
def test_a_sidecar_stays_if_its_picture_is_not_clear(other: str) -> None:
    save_picture(Path("in/a.png"))
    driver = Driver(pair={"after": "move", **VERIFIED})
    driver.turn()
    Path(other).write_bytes(b"other")
    Path("in/a.xmp").write_bytes(xmp_packet(1))
    driver.turn()
    assert Path(other).read_bytes() == b"other"
    assert tree("in") == ["a.xmp"]
    assert len(driver.lines) == 1
    assert (
        f"is not moved after its picture: there is already {Path.cwd()}/{other}" in driver.lines[0]
    )


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
