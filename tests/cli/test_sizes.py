"""Options for the output size, from the command line to the picture."""

from pathlib import Path

import pytest

from tests.cli.conftest import Photo, Tool, size_of

ESPCN = ("--model", "espcn")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--width", "60"), (60, 40)),
        (("--height", "60"), (90, 60)),
        (("--width", "60", "--height", "30"), (45, 30)),
        (("--long-edge", "96"), (96, 64)),
        (("--short-edge", "40"), (60, 40)),
        (("--megapixels", "0.0024"), (60, 40)),
        (("--long-edge", "12"), (12, 8)),
    ],
)
def test_makes_the_chosen_size(
    arguments: tuple[str, ...], expected: tuple[int, int], tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("cat.png")
    run = tool("upscale", "cat.png", *ESPCN, *arguments, "-o", "out.png", "--json")
    assert run.code == 0, run.err
    assert size_of(tmp_path / "out.png") == expected
    (result,) = run.results
    assert result["output_size"] == list(expected)
    assert result["scale"] == pytest.approx(expected[0] / 24, abs=0.03)


def test_every_image_has_its_own_factor(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("in/a.png")
    photo("in/b.png", size=(20, 50))
    photo("in/c.png", size=(200, 50))
    run = tool("upscale", "in", *ESPCN, "--long-edge", "100", "--json")
    assert run.code == 0
    sizes = {path.name: size_of(path) for path in (tmp_path / "in_sr").glob("*.png")}
    assert sizes == {"a.png": (100, 67), "b.png": (40, 100), "c.png": (100, 25)}
    notes = {Path(r["input"]).name: r["notes"] for r in run.results}
    assert notes["a.png"] == notes["b.png"] == []
    assert notes["c.png"] == ["reduced by ordinary resampling, without a network"]


def test_skips_images_that_are_large_enough(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    photo("in/a.png")
    photo("in/c.png", size=(200, 50))
    run = tool("upscale", "in", *ESPCN, "--long-edge", "100", "--only-if-smaller", "--json")
    assert run.code == 0
    assert [path.name for path in (tmp_path / "in_sr").glob("*.png")] == ["a.png"]
    (skipped,) = (r for r in run.results if r["status"] == "skipped")
    assert skipped["notes"] == ["already large enough"]
    again = tool("upscale", "in", *ESPCN, "--long-edge", "100", "--only-if-smaller", "--json")
    assert {r["status"] for r in again.results} == {"skipped"}


def test_the_name_beside_the_input_states_the_size(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("cat.png")
    assert tool("upscale", "cat.png", *ESPCN, "--long-edge", "60").code == 0
    assert size_of(tmp_path / "cat_long60_espcn.png") == (60, 40)


def test_an_image_that_is_far_too_small_fails(tool: Tool, photo: Photo) -> None:
    photo("in/a.png")
    photo("in/dot.png", size=(2, 2))
    run = tool("upscale", "in", *ESPCN, "--width", "300")
    assert run.code == 3
    assert "dot.png: 2x2 would have to be enlarged 150 times, and the limit is 64" in run.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scale", "2", "--width", "300"), "--scale and --width cannot be combined"),
        (("--width", "none"), "--width none: must be a number, above 0 and at most 1000000"),
        (("--megapixels", "0"), "--megapixels 0: must be above 0"),
    ],
)
def test_reports_a_mistake_in_one_line(
    arguments: tuple[str, ...], message: str, tool: Tool, photo: Photo
) -> None:
    photo("cat.png")
    run = tool("upscale", "cat.png", *ESPCN, *arguments)
    assert run.code == 2
    assert message in run.err
