import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from sr_batch.core.errors import ImageTooLarge, UnreadableImage
from sr_batch.files.reading import (
    PIPE,
    content_hash,
    display_name,
    file_hash,
    read_head,
    read_source,
)

MEGABYTE = 1 << 20
BIG = bytes(range(256)) * 16384  # 4 MiB


def run_python(code: str, **options: object) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_reads_every_byte(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(BIG)
    assert read_source(tmp_path / "a", len(BIG)) == BIG


def test_reads_standard_input() -> None:
    code = "from sr_batch.files.reading import *; assert read_source(PIPE, 9) == b'\\r\\n\\0 bytes'"
    assert run_python(code, input=b"\r\n\0 bytes").stderr == b""


def test_reads_no_more_than_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(BIG)
    with pytest.raises(ImageTooLarge, match=r"a\.tif: over 4 MB.*--max-pixels"):
        read_source(tmp_path / "a.tif", len(BIG) - 1)


def test_endless_standard_input_is_refused_at_the_limit() -> None:
    code = (
        "from sr_batch.core.errors import *; from sr_batch.files.reading import *\n"
        "try: read_source(PIPE, 1000)\nexcept ImageTooLarge: raise SystemExit(7)"
    )
    with open("/dev/zero", "rb") as zeros:  # noqa: PTH123
        assert run_python(code, stdin=zeros).returncode == 7


def test_reads_a_head_of_a_short_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123")
    assert read_head(tmp_path / "a", 64) == b"123"
    assert read_head(tmp_path / "a", 2) == b"12"


def make_folder(path: Path) -> None:
    path.mkdir()


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.bind(str(path))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "No such file"),
        (make_folder, "a folder, not a file"),
        (os.mkfifo, "a pipe, not a file"),
        (make_socket, "a socket, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "a device, not a file"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
)
def test_refuses_all_but_regular_files(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    path = tmp_path / "x.png"
    make(path)
    with pytest.raises(UnreadableImage, match=rf"x\.png( \(a link to .*\))?: {why}"):
        read_source(path, MEGABYTE)
    assert file_hash(path) is None


def test_a_pipe_that_takes_the_place_of_a_file_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is replaced after it was checked and before it is opened."""
    path = tmp_path / "a.png"
    path.touch()

    def exchange(path: Path) -> None:
        path.unlink()
        os.mkfifo(path)

    monkeypatch.setattr("sr_batch.files.reading.require_regular", exchange)
    with pytest.raises(UnreadableImage, match=r"a\.png: not a file"):
        read_source(path, MEGABYTE)


def test_a_file_that_changes_while_it_is_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the old picture and half of the new one would be neither."""
    (tmp_path / "a.bmp").write_bytes(BIG)

    def read_and_write(file: BinaryIO, count: int) -> bytes:
        data = file.read(count)
        (tmp_path / "a.bmp").write_bytes(bytes(len(BIG)))
        return data

    monkeypatch.setattr("sr_batch.files.reading._read_up_to", read_and_write)
    with pytest.raises(UnreadableImage, match=r"a\.bmp: it changed while it was read; run"):
        read_source(tmp_path / "a.bmp", len(BIG))


def test_error_names_a_hostile_file_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage) as caught:
        read_source(tmp_path / os.fsdecode(b"-a\nb\"'\xff.png"), MEGABYTE)
    assert str(caught.value).isprintable()
    assert display_name(PIPE) == "standard input"


def test_file_hash_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(BIG)
    assert file_hash(tmp_path / "a") == content_hash(BIG) != content_hash(b"")


def test_names_a_link_with_its_target(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("two\nlines.png")
    assert display_name(link) == str(link)
    (tmp_path / "two\nlines.png").touch()
    assert display_name(link) == f"{link} (a link to {tmp_path.resolve()}/two\\nlines.png)"
