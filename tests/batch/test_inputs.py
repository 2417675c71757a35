import os
import socket
from pathlib import Path

import pytest

from sr_batch.batch.input_choice import Choice
from sr_batch.batch.inputs import Source, find_sources, is_image_name
from sr_batch.core.errors import UsageError
from sr_batch.core.results import Failed
from sr_batch.files.reading import PIPE
from tests.fakes import save_picture


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(*inputs: str, recursive: bool = True, include: str = "", exclude: str = "") -> list[str]:
    """Paths of sources; a failure has an exclamation mark in front."""
    entries = find_sources(inputs, Choice(recursive, include.split(), exclude.split()))
    return [f"!{e.input}" if isinstance(e, Failed) else str(e.path) for e in entries]


def the_failure(*inputs: str) -> str:
    (entry,) = find_sources(inputs, Choice())
    assert isinstance(entry, Failed)
    assert entry.output is None
    return entry.error


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def test_walks_a_folder_in_the_order_of_names() -> None:
    touch("in/b.jpg", "in/a.png", "in/c/d.tif", "in/c/a/e.webp")
    assert found("in") == ["in/a.png", "in/b.jpg", "in/c/d.tif", "in/c/a/e.webp"]


def test_stays_at_the_top_unless_recursive() -> None:
    touch("in/a.png", "in/c/d.png")
    assert found("in", recursive=False) == ["in/a.png"]


def test_a_source_knows_its_place_in_the_tree() -> None:
    touch("in/c/d.png")
    assert list(find_sources(["in"], Choice())) == [
        Source(Path("in/c/d.png"), Path("c/d.png"), Path("in"))
    ]
    assert list(find_sources(["in/c/d.png"], Choice())) == [
        Source(Path("in/c/d.png"), Path("d.png"))
    ]
    assert list(find_sources(["in/*/*"], Choice())) == [Source(Path("in/c/d.png"), Path("c/d.png"))]


def test_takes_images_by_any_image_suffix_or_by_content() -> None:
    touch("in/a.gif", "in/b.HEIC", "in/c.svg", "in/notes.txt", "in/Makefile", "in/x.xmp")
    save_picture(Path("in/d"), kind="PNG")
    save_picture(Path("in/e.dat"), kind="JPEG")
    assert found("in") == ["in/a.gif", "in/b.HEIC", "in/c.svg", "in/d", "in/e.dat"]


def test_suffix_of_an_image_does_not_depend_on_the_machine() -> None:
    assert all(is_image_name(Path("a" + s)) for s in (".JPG", ".jfif", ".webp", ".gif", ".avif"))
    assert not any(is_image_name(Path("a" + s)) for s in (".txt", "", ".", ".mp4", ".jpg.txt"))


def test_leaves_hidden_files_and_folders_alone() -> None:
    touch("in/.a.png", "in/.sr-batch/b.png", "in/.thumbnails/c.png", "in/d.png")
    assert found("in") == ["in/d.png"]


def test_takes_a_hidden_file_or_folder_that_is_named() -> None:
    touch(".in/a.png", ".b.png")
    assert found(".in", ".b.png") == [".in/a.png", ".b.png"]


def test_does_not_follow_links_to_folders_but_links_to_files() -> None:
    touch("in/a/b.png", "other/c.png")
    Path("in/loop").symlink_to("..")
    Path("in/other.png").symlink_to("../other")
    Path("in/link.png").symlink_to("../other/c.png")
    assert found("in") == ["in/link.png", "in/a/b.png"]


def test_follows_a_link_to_a_folder_that_is_named() -> None:
    touch("real/a.png")
    Path("in").symlink_to("real")
    assert found("in") == ["in/a.png"]


def test_a_folder_called_like_an_image_is_a_folder() -> None:
    touch("in/x.png/a.png")
    assert found("in") == ["in/x.png/a.png"]


def test_never_opens_pipes_sockets_and_devices() -> None:
    """To open the pipe would block for ever."""
    Path("in").mkdir()
    os.mkfifo("in/a.png")
    os.mkfifo("in/pipe")
    Path("in/b.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.bind("in/c.png")
    assert found("in") == ["!in/a.png", "!in/b.png", "!in/c.png"]
    assert the_failure("in/pipe") == "in/pipe: a pipe, not a file"


def test_a_broken_link_called_like_an_image_fails() -> None:
    Path("in").mkdir()
    Path("in/a.png").symlink_to("nowhere")
    Path("in/b").symlink_to("nowhere")
    assert the_failure("in") == "in/a.png: No such file or directory"


def test_a_named_file_is_a_source_with_any_name() -> None:
    touch("notes.txt")
    assert found("notes.txt") == ["notes.txt"]


def test_a_folder_without_images_is_no_error() -> None:
    Path("in").mkdir()
    assert found("in") == []


def test_a_folder_that_cannot_be_read_fails(user_folder: Path) -> None:
    save_picture(user_folder / "a.png")
    (user_folder / "b").mkdir(mode=0)
    a, b = find_sources([str(user_folder)], Choice())
    assert isinstance(a, Source)
    assert isinstance(b, Failed)
    assert b.error == f"{user_folder}/b: the folder cannot be read: Permission denied"


def test_a_file_that_cannot_be_read_is_not_lost(user_folder: Path) -> None:
    save_picture(user_folder / "a.png").chmod(0)
    (user_folder / "notes").touch(mode=0)
    assert found(str(user_folder)) == [f"{user_folder}/a.png"]


@pytest.mark.parametrize("name", ["gone.png", "", "a\0b", "a" * 5000, "gone/*.png", "x/"])
def test_an_input_that_does_not_exist_is_a_wrong_command(name: str) -> None:
    with pytest.raises(UsageError, match="no such file or folder") as caught:
        found(name)
    assert str(caught.value).isprintable()


def test_an_input_behind_a_closed_folder_is_a_wrong_command(user_folder: Path) -> None:
    save_picture(user_folder / "closed/in/a.png")
    (user_folder / "open").symlink_to("closed/in")
    (user_folder / "closed").chmod(0)
    for text in ("closed/in/a.png", "closed/in", "closed/in/*.png", "open/*.png"):
        with pytest.raises(UsageError, match="no such file or folder"):
            found(f"{user_folder}/{text}")


def test_patterns_stand_for_the_files_they_match() -> None:
    touch("in/a.png", "in/b.jpg", "in/c/d.png", "in/c/e/f.png", "in/.g.png", "in/notes.txt")
    assert found("in/*.png") == ["in/a.png"]
    assert found("in/*") == ["in/a.png", "in/b.jpg"]
    assert found("in/?.[jp]*") == ["in/a.png", "in/b.jpg"]
    assert found("in/*/*.png") == ["in/c/d.png"]
    assert found("in/**/*.png") == ["in/a.png", "in/c/d.png", "in/c/e/f.png"]
    assert found("in/**/e/*") == ["in/c/e/f.png"]
    assert found("**/d.png") == ["in/c/d.png"]
    assert found(f"{Path.cwd()}/in/*.jpg") == [f"{Path.cwd()}/in/b.jpg"]


def test_a_pattern_looks_no_deeper_than_it_says(user_folder: Path) -> None:
    save_picture(user_folder / "a.png")
    (user_folder / "b").mkdir(mode=0)
    assert found(f"{user_folder}/*.png") == [f"{user_folder}/a.png"]


def test_a_pattern_without_a_match_is_a_wrong_command() -> None:
    touch("in/notes.txt")
    for pattern in ("in/*", "in/*.png", "*/*/*"):
        with pytest.raises(UsageError, match="matches no image"):
            found(pattern)


def test_a_file_called_like_a_pattern_is_that_file() -> None:
    touch("a[1].png", "a1.png")
    assert found("a[1].png") == ["a[1].png"]


def test_takes_standard_input_and_files_called_like_it() -> None:
    touch("-", "-a.png")
    assert list(find_sources(["-"], Choice())) == [Source(PIPE, PIPE)]
    assert found("./-") == [str(Path.cwd() / "-")]
    assert found("-a.png") == ["-a.png"]


def test_takes_hostile_names() -> None:
    names = [b"a\n.png", b"\"'.png", b"-x.png", b"\xff\xfe.png", b"a" * 251 + b".png"]
    for name in names:
        touch("in/" + os.fsdecode(name))
    assert {os.fsencode(path) for path in found("in")} == {b"in/" + name for name in names}


def test_takes_from_folders_what_is_included_and_not_excluded() -> None:
    for name in ("a.jpg", "b.PNG", "raw/c.jpg", "raw/deep/d.png", "web/e.jpg"):
        save_picture(Path("in", name))
    assert found("in", include="*.jpg") == ["in/a.jpg", "in/raw/c.jpg", "in/web/e.jpg"]
    assert found("in", include="*.png") == ["in/b.PNG", "in/raw/deep/d.png"]
    assert found("in", exclude="RAW") == ["in/a.jpg", "in/b.PNG", "in/web/e.jpg"]
    assert found("in", include="raw/*") == ["in/raw/c.jpg"]
    assert found("in", include="raw/** web/*", exclude="*.png") == ["in/raw/c.jpg", "in/web/e.jpg"]
    assert found("in", include="nothing") == []


def test_a_named_file_is_always_taken_and_a_pattern_is_filtered() -> None:
    save_picture(Path("in/a.jpg"))
    save_picture(Path("in/b.png"))
    assert found("in/a.jpg", "in/b.png", exclude="*.png") == ["in/a.jpg", "in/b.png"]
    assert found("in/*", exclude="*.png") == ["in/a.jpg"]
    assert found("in/*", exclude="*") == []


def test_an_excluded_folder_is_not_entered(user_folder: Path) -> None:
    save_picture(user_folder / "a.png")
    (user_folder / "lost+found").mkdir(mode=0)
    (user_folder / "b/closed").mkdir(parents=True)
    (user_folder / "b/closed").chmod(0)
    top = str(user_folder)
    assert found(top, exclude="lost+found b/closed") == [f"{top}/a.png"]
    assert found(f"{top}/**/*.png", exclude="lost+found b") == [f"{top}/a.png"]


def test_a_folder_that_a_pattern_excludes_is_left_out_whole() -> None:
    for name in ("a.jpg", "raw/b.jpg", "raw/old/c.jpg"):
        save_picture(Path("in", name))
    assert found("in", exclude="raw/old") == ["in/a.jpg", "in/raw/b.jpg"]
    assert not Choice(exclude=("raw/old",)).takes(Path("raw/old/c.jpg"))


LEFT_BEHIND = (
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg",
    "__MACOSX/b.jpg",
    "a.jpg.!sync",
    "a.jpg.crdownload",
    "a.jpg.opdownload",
    "a.jpg.part",
    "a.jpg.sb-1a2b3c4d-Xy12Zw",
    "@__thumb/a.jpg",
    "a.jpg_original",
    "b.jpg.download/b.jpg",
)


def test_what_programs_leave_behind_is_passed_over_and_told() -> None:
    for name in ("a.jpg", "original/b.jpg", *LEFT_BEHIND):
        save_picture(Path("in", name), kind="JPEG")
    assert found("in") == ["in/a.jpg", "in/original/b.jpg"]
    assert found("in/*") == ["in/a.jpg"]
    told: list[str] = []
    list(find_sources(["in"], Choice(), lambda path: told.append(str(path))))
    tops = {f"in/{name.split('/')[0]}" for name in LEFT_BEHIND}
    assert sorted(told) == sorted(tops)
    everything = [str(each.path) for each in all_sources("in", Choice(ignore=False))]
    assert sorted(everything) == sorted(
        f"in/{name}" for name in ("a.jpg", "original/b.jpg", *LEFT_BEHIND)
    )


def all_sources(folder: str, choice: Choice) -> list[Source]:
    return [each for each in find_sources([folder], choice) if isinstance(each, Source)]


def test_what_is_passed_over_is_taken_where_it_is_named() -> None:
    for name in LEFT_BEHIND:
        save_picture(Path("in", name), kind="JPEG")
    assert found("in/@eaDir") == ["in/@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg"]
    assert found("in/a.jpg_original") == ["in/a.jpg_original"]


def test_a_path_that_exists_is_taken_before_it_is_read_as_a_pattern() -> None:
    touch("[2024] trip/a.jpg", "[2024] trip/b.png", "2 trip/c.jpg", "x/[a]/*/d.jpg", "x/a/e.jpg")
    assert found("[2024] trip/*.jpg") == ["[2024] trip/a.jpg"]
    assert found("x/[a]/*/*.jpg") == ["x/[a]/*/d.jpg"]
    assert found("[23] trip/*.jpg") == ["2 trip/c.jpg"]
