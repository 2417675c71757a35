import os
from pathlib import Path

import pytest

from sr_batch.batch.input_choice import Choice
from sr_batch.core.results import Failed
from sr_batch.files.reading import stamp_of
from sr_batch.watch.folder_scan import is_wanted, scan


@pytest.mark.parametrize(
    ("place", "choice", "wanted"),
    [
        ("a.png", Choice(), True),
        ("deep/er/a.png", Choice(), True),
        ("deep/a.png", Choice(recursive=False), False),
        (".a.png", Choice(), False),
        ("deep/.cache/a.png", Choice(), False),
        ("a.PART", Choice(), False),
        ("a.png~", Choice(), False),
        ("part.png", Choice(), True),
        ("a.png", Choice(include=("*.jpg",)), False),
        ("a.xmp", Choice(include=("*.jpg",)), True),
        ("web/a.xmp", Choice(include=("*.jpg",), exclude=("web",)), False),
        ("web/a.png", Choice(exclude=("web",)), False),
    ],
)
def test_knows_which_files_are_wanted(place: str, choice: Choice, wanted: bool) -> None:
    assert is_wanted(Path(place), choice) is wanted


def test_finds_files_with_their_stamps(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.png", "deep/b.png", ".hidden.png", "c.png.part"):
        (tmp_path / name).write_bytes(b"text")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    (tmp_path / "loose.png").symlink_to(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe.png")
    found = dict(each for each in scan(tmp_path, Choice()) if not isinstance(each, Failed))
    paths = [tmp_path / name for name in ("a.png", "link.png", "deep/b.png")]
    assert found == {path: stamp_of(path) for path in paths}


def test_reports_a_folder_that_cannot_be_read(user_folder: Path) -> None:
    (user_folder / "closed").mkdir()
    (user_folder / "a.png").write_bytes(b"text")
    (user_folder / "closed").chmod(0)
    found = list(scan(user_folder, Choice()))
    (failed,) = [each for each in found if isinstance(each, Failed)]
    assert "closed: the folder cannot be read" in failed.error
    assert len(found) == 2
