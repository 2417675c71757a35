"""What is printed on a terminal, and what in a log file."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import ENVIRONMENT, Photo, Tool


def read_all(terminal: int) -> str:
    """All that is written to the other side, until it is closed."""
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux raises it when the other side is closed
            piece = b""
        if not piece:
            return b"".join(pieces).decode()
        pieces.append(piece)


def run_on_a_terminal(folder: Path, *arguments: str) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sr_batch", *arguments],
        cwd=folder,
        env=ENVIRONMENT | {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = read_all(ours)
    os.close(ours)
    assert "Traceback" not in shown
    process.wait(timeout=60)
    return shown


def test_shows_progress_and_a_whole_line_for_a_failure(photo: Photo, tmp_path: Path) -> None:
    photo("photos/a.png", size=(96, 96))
    photo("photos/b.png", size=(96, 96))
    (tmp_path / "photos/long-name-that-must-not-be-cut-however-narrow-it-is.png").write_bytes(b"")
    shown = run_on_a_terminal(tmp_path, "upscale", "photos", "--model", "espcn")
    assert "3/3 files" in shown
    assert "MP/s" in shown
    assert "failed: photos/long-name-that-must-not-be-cut-however-narrow-it-is.png" in shown
    assert "3 images: 2 done, 1 failed" in shown.rstrip().splitlines()[-1]
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l")  # the cursor is restored


def test_shows_no_bar_without_a_terminal(tool: Tool, photo: Photo) -> None:
    photo("photos/a.png")
    run = tool("upscale", "photos", "--model", "espcn")
    assert "\x1b" not in run.err
    assert "\r" not in run.err
    lines = [line for line in run.err.splitlines() if not line.startswith("device: ")]
    assert len(lines) == 1  # the sums


def test_writes_no_image_to_a_terminal(photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    shown = run_on_a_terminal(tmp_path, "upscale", "a.png", "-o", "-", "--model", "espcn")
    assert "the terminal" in shown
    assert "PNG" not in shown
