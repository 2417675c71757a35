"""A folder behind the same interface as a bucket."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sr_batch.core.errors import UnreadableImage, UnwritableOutput, UsageError
from sr_batch.stores import local_store
from sr_batch.stores.local_store import LocalStore
from sr_batch.stores.location import place_of
from sr_batch.stores.opening import open_store
from sr_batch.stores.store import MODIFIED, Changed, Store, Taken

LIMIT = 1_000_000
FACTS = {"recipe": "ä=1"}


def store(folder: Path) -> Store:
    return open_store(place_of(str(folder)))


def publish(to: Store, key: str, data: bytes, expect: str | None = None) -> str:
    return to.publish(key, data, expect, FACTS, "image/png")


def fill(folder: Path, *keys: str) -> None:
    for key in keys:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(b"12345")


def keys(folder: Path, prefix: str = "") -> list[str]:
    return [item.key for item in store(folder).list(prefix)]


def test_a_listing_is_in_the_order_of_keys_without_hidden_files(tmp_path: Path) -> None:
    fill(tmp_path, "b.png", "a/2.png", "a-1", "a.png", "a/.x", ".h/1", "a0/1", ".sr-batch/m/1")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = keys(tmp_path)
    assert found == sorted(found) == ["a-1", "a.png", "a/2.png", "a0/1", "b.png"]
    assert keys(tmp_path, "a") == ["a-1", "a.png", "a/2.png", "a0/1"]
    assert keys(tmp_path, "a/") == ["a/2.png"]
    assert keys(tmp_path, ".sr-batch/m/") == [".sr-batch/m/1"]
    assert keys(tmp_path / "none") == keys(tmp_path, "b.png/") == []


def test_a_folder_that_cannot_be_read_is_one_failed_entry(user_folder: Path) -> None:
    fill(user_folder, "a/1.png", "b/2.png")
    (user_folder / "a").chmod(0)
    assert keys(user_folder) == ["a/", "b/2.png"]
    with pytest.raises(UnreadableImage, match="a: the folder cannot be read: Permission denied"):
        store(user_folder).read("a/", None, LIMIT)
    with pytest.raises(UsageError, match="the folder cannot be read"):
        keys(user_folder / "a")


def test_what_is_no_file_is_listed_and_reading_it_says_why(tmp_path: Path) -> None:
    (tmp_path / "x.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "y.png")
    assert keys(tmp_path) == ["x.png", "y.png"]
    with pytest.raises(UnreadableImage, match=r"x\.png.*: No such file"):
        store(tmp_path).read("x.png", None, LIMIT)
    with pytest.raises(UnreadableImage, match=r"y\.png: a pipe, not a file"):
        store(tmp_path).read("y.png", None, LIMIT)


def test_what_is_published_comes_back_with_its_facts(tmp_path: Path) -> None:
    version = publish(store(tmp_path), "a/x.png", b"pixels")
    head = store(tmp_path).head("a/x.png")
    assert head and head.facts == FACTS
    assert (head.item.key, head.item.size, head.item.version) == ("a/x.png", 6, version)
    assert store(tmp_path).read("a/x.png", version, LIMIT) == b"pixels"
    assert keys(tmp_path) == ["a/x.png"]
    assert [each.name for each in (tmp_path / "a").iterdir()] == ["x.png"]


def test_a_file_of_another_program_has_no_facts(tmp_path: Path) -> None:
    publish(store(tmp_path), "x.png", b"pixels")
    (tmp_path / "x.png").write_bytes(b"others")
    head = store(tmp_path).head("x.png")
    assert head and head.facts == {}
    assert store(tmp_path).head("y.png") is None


def test_a_second_creator_is_refused_and_a_known_version_is_replaced(tmp_path: Path) -> None:
    first = publish(store(tmp_path), "x.png", b"1")
    with pytest.raises(Taken, match=r"x\.png: another file has this name, and is kept"):
        publish(store(tmp_path), "x.png", b"2")
    publish(store(tmp_path), "x.png", b"3", expect=first)
    with pytest.raises(Taken):
        publish(store(tmp_path), "x.png", b"4", expect=first)
    assert (tmp_path / "x.png").read_bytes() == b"3"
    assert len([each for each in (tmp_path / ".sr-batch").rglob("*") if each.is_file()]) == 1


@pytest.mark.parametrize("links", [True, False])
def test_one_of_eight_racing_creators_wins(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(source: object, target: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:  # as on FAT
        monkeypatch.setattr(os, "link", no_links)
    start = threading.Barrier(8)

    def create(number: int) -> bool:
        start.wait()
        try:
            publish(store(tmp_path), "x.png", b"%d" % number)
        except Taken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(create, range(8))) == 1
    assert [each.name for each in tmp_path.iterdir()] in (
        ["x.png", ".sr-batch"],
        [".sr-batch", "x.png"],
    )


def test_one_of_eight_racing_replacements_wins(tmp_path: Path) -> None:
    first = publish(store(tmp_path), "x.png", b"first")

    def change(number: int) -> bool:
        try:
            publish(LocalStore(place_of(str(tmp_path))), "x.png", b"%d" % number, first)
        except Taken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(change, range(8))) == 1


def test_a_source_that_changed_after_the_listing_is_not_read(tmp_path: Path) -> None:
    fill(tmp_path, "x.png")
    (item,) = store(tmp_path).list()
    (tmp_path / "x.png").write_bytes(b"other bytes")
    with pytest.raises(Changed, match="it changed after it was listed"):
        store(tmp_path).read("x.png", item.version, LIMIT)


def test_an_output_gets_the_time_of_its_input(tmp_path: Path) -> None:
    to = store(tmp_path)
    to.publish("x.png", b"1", None, {MODIFIED: "1000000000.5"}, "image/png")
    head = to.head("x.png")
    assert head and head.item.modified == 1_000_000_000.5
    assert head.facts == {MODIFIED: "1000000000.5"}


@pytest.mark.parametrize("key", ["../x", "a//b", "/a", "a/", "a\0b"])
def test_keys_that_leave_the_folder_are_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(UnwritableOutput, match="no file can have this name"):
        publish(store(tmp_path), key, b"1")
    assert list(tmp_path.iterdir()) == []


def test_a_key_below_a_file_is_one_failed_entry(tmp_path: Path) -> None:
    publish(store(tmp_path), "a", b"1")
    with pytest.raises(UnwritableOutput, match="could not be written"):
        publish(store(tmp_path), "a/b", b"1")


@pytest.mark.parametrize("key", ["con.png", "a/Aux", "nul.tar.gz", "x./a.png", "a .png/b ", "a:b"])
def test_names_of_devices_and_names_that_windows_shortens_are_no_files_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(local_store, "_ON_WINDOWS", True)
    with pytest.raises(UnwritableOutput, match="no file can have this name"):
        publish(store(tmp_path), key, b"1")
    publish(store(tmp_path), "icon.png", b"1")
    assert keys(tmp_path) == ["icon.png"]
