"""`data check`: what is in a folder, and which pictures evaluation sets have, too."""

from pathlib import Path

import pytest
from PIL import Image

from tests.training.conftest import draw_photograph
from training.data.survey import report, survey


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The report on a folder that has one picture of each kind."""
    root = tmp_path_factory.mktemp("survey")
    own, judged = root / "own", root / "data" / "eval" / "Set5"
    for folder in (own / "below", judged):
        folder.mkdir(parents=True)
    first, woman, other = (Image.fromarray(draw_photograph(seed, 128)) for seed in (1, 2, 3))
    first.save(own / "a.png")
    first.resize((90, 90)).save(own / "below" / "a copy.jpg", quality=60)
    other.convert("L").resize((160, 120)).save(own / "gray.tif")
    woman.crop((2, 2, 126, 127)).resize((200, 200)).save(own / "big.JPG", quality=80)
    woman.save(judged / "woman.png")
    (own / "cut.png").write_bytes((own / "a.png").read_bytes()[:3000])
    (own / "notes.txt").write_text("no picture")
    return [*report(survey(own, root / "data" / "eval"))]


def test_counts_and_sizes(lines: list[str]) -> None:
    assert lines[0].endswith("own: 4 pictures (2 jpg, 1 png, 1 tif), 0.1 megapixels")
    assert lines[1].startswith("sizes: 90x90 to 200x200, half of the shorter sides")


def test_gray_and_unreadable_pictures_are_named(lines: list[str]) -> None:
    assert lines[2:4] == [
        "gray: 1; networks for color learn from them as from any picture",
        "  gray.tif",
    ]
    assert lines[4] == "unreadable: 1; training leaves them out"
    assert "cut.png" in lines[5]


def test_a_resized_copy_is_a_duplicate(lines: list[str]) -> None:
    assert lines[6:8] == ["duplicates: 1", "  a.png shows the same as below/a copy.jpg"]


def test_an_evaluation_picture_is_found_in_another_size(lines: list[str]) -> None:
    """As the woman of Set5, which is picture 302003 of BSDS, reduced."""
    assert lines[8:] == [
        "leaks: 1 (compared with Set5)",
        "  big.JPG shows the same as woman.png of Set5: remove it",
    ]


def test_without_evaluation_sets_it_says_so(tmp_path: Path) -> None:
    Image.fromarray(draw_photograph(0, 64)).save(tmp_path / "a.png")
    *_, last = report(survey(tmp_path, tmp_path / "eval"))
    assert last == "leaks: not looked for, because --data has no evaluation sets in eval/"


def test_flat_pictures_are_like_no_other(tmp_path: Path) -> None:
    for name in "ab":
        Image.new("RGB", (64, 64), "gray").save(tmp_path / f"{name}.png")
    assert "duplicates: none" in report(survey(tmp_path, tmp_path / "eval"))
