"""`data fetch`, from archives that are there already, or from a server on this machine."""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sr_batch.core.errors import UsageError
from training.data import fetch as fetching
from training.data.fetch import content_of, fetch
from training.data.public_sets import SETS, Archive, PublicSet

NAMES = ("set/HR/a.png", "set/HR/b.png", "set/HR/Thumbs.db", "set/LR/a.png", "../HR/c.png")


def tar(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name in NAMES:
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            archive.addfile(entry, io.BytesIO(name.encode()))


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in NAMES:
            archive.writestr(name, name)


def known(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int = 2,
    checksum: str = "",
    server: str = "http://127.0.0.1:9",
) -> PublicSet:
    """A set whose archive is ``path``. Nothing listens at the server by default."""
    right = hashlib.md5(path.read_bytes()).hexdigest()
    archive = Archive(f"{server}/{path.name}", "md5", checksum or right)
    made = PublicSet("eval/Tiny", {"set/HR": ("", archive)}, count, "CC0")
    monkeypatch.setattr(fetching, "SETS", {"Tiny": made})
    return made


@pytest.mark.parametrize("pack", [tar, zipped])
def test_takes_the_pictures_of_an_archive_and_nothing_else(
    pack: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    pack(downloads / "tiny")
    known(downloads / "tiny", monkeypatch)
    place = tmp_path / "eval" / "Tiny"
    *_, last = fetch("Tiny", tmp_path)
    assert last == f"Tiny: 2 pictures in {place}"
    assert {path.name: path.read_text() for path in place.iterdir()} == {
        "a.png": "set/HR/a.png",
        "b.png": "set/HR/b.png",
    }
    assert [*fetch("Tiny", tmp_path)] == [
        "Tiny: licence: CC0",
        f"Tiny: 2 of 2 pictures are in {place} already",
    ]


def test_a_wrong_archive_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    tar(downloads / "tiny")
    known(downloads / "tiny", monkeypatch, checksum="0123")
    with pytest.raises(UsageError, match=r"its MD5 is [0-9a-f]{32}, and that of the right file 01"):
        [*fetch("Tiny", tmp_path)]
    known(downloads / "tiny", monkeypatch, count=3)
    with pytest.raises(UsageError, match="the archive has 2 pictures instead of 3"):
        [*fetch("Tiny", tmp_path)]
    (downloads / "tiny").write_bytes(b"<html>")
    known(downloads / "tiny", monkeypatch)
    with pytest.raises(UsageError, match="tiny: damaged"):
        [*fetch("Tiny", tmp_path)]
    assert not (tmp_path / "eval" / "Tiny").exists()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server that has the files of ``tmp_path / "served"``."""
    (tmp_path / "served").mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "served"))

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def test_downloads_what_is_not_there_and_keeps_the_archive(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tar(tmp_path / "served" / "tiny")
    known(tmp_path / "served" / "tiny", monkeypatch, server=server)
    *_, obtained, last = fetch("Tiny", tmp_path)
    assert obtained == f"Tiny: {tmp_path / 'downloads' / 'tiny'}"
    assert last == f"Tiny: 2 pictures in {tmp_path / 'eval' / 'Tiny'}"
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == ["tiny"]


def test_a_file_that_the_server_does_not_have_is_one_line(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tar(tmp_path / "tiny")
    known(tmp_path / "tiny", monkeypatch, server=server)
    with pytest.raises(UsageError, match=r"/tiny cannot be downloaded \(.*put the file into"):
        [*fetch("Tiny", tmp_path)]


def test_without_a_network_it_says_what_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tar(tmp_path / "tiny")
    known(tmp_path / "tiny", monkeypatch)
    with pytest.raises(UsageError) as refused:
        [*fetch("Tiny", tmp_path)]
    assert "http://127.0.0.1:9/tiny cannot be downloaded" in str(refused.value)
    assert f"put the file into {tmp_path / 'downloads'}" in str(refused.value)
    assert not [*(tmp_path / "downloads").iterdir()]


def test_an_unknown_set_is_an_error_that_lists_all() -> None:
    with pytest.raises(UsageError, match=f"those are {', '.join(SETS)}"):
        [*fetch("set5", Path())]


def test_every_set_has_a_checksum_and_a_licence() -> None:
    for name, each in SETS.items():
        archives = [archive for _, archive in each.parts.values()]
        assert each.content or all(archive.checksum for archive in archives), name
        assert each.licence, name


def test_the_checksum_of_the_content_depends_on_no_name(tmp_path: Path) -> None:
    for folder, names in (("one", "ab"), ("other", "cd")):
        (tmp_path / folder).mkdir()
        for name, content in zip(names, ("x", "y"), strict=True):
            (tmp_path / folder / name).write_text(content)
    assert content_of(tmp_path / "one") == content_of(tmp_path / "other")
    (tmp_path / "one" / "a").write_text("z")
    assert content_of(tmp_path / "one") != content_of(tmp_path / "other")
