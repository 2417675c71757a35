"""The part of the plug-in that starts sr-batch; it needs no GIMP."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.plugins.gimp.conftest import Program

SCRIPT = """
import sys
from pathlib import Path
from tool import Wish, upscale
folder = Path(sys.argv[1])
wish = Wish(sys.argv[2], 4, "auto")
tell = lambda share: print(share, flush=True)
upscale(folder / "picture.png", folder / "enlarged.png", wish, tell)
"""
PATIENCE = 60

Start = Callable[[str, int], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Enlarge a picture of that side by the network of that name, in a process of its own."""
    program = Program(tmp_path)
    program.install()
    processes = []

    def run(model: str, side: int) -> "subprocess.Popen[str]":
        noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "picture.png")
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, tmp_path, model],
            env=os.environ | {"PYTHONPATH": str(program.profile / "plug-ins/sr-batch")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def children(process: "subprocess.Popen[str]") -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(number) for number in listed.split()]


def soon(found: Callable[[], bool]) -> bool:
    """Whether it comes true; waits no longer than it must."""
    end = time.monotonic() + PATIENCE
    while not found() and time.monotonic() < end:
        time.sleep(0.02)
    return found()


def test_tells_how_far_it_is(start: Start, tmp_path: Path) -> None:
    out, err = start("espcn", 300).communicate()
    shares = [float(line) for line in out.split()]
    assert shares == sorted(set(shares)), err
    assert shares[-1] == 1
    with Image.open(tmp_path / "enlarged.png") as picture:
        assert picture.size == (1200, 1200)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such signal")
def test_sr_batch_does_not_outlive_a_killed_plug_in(start: Start) -> None:
    process = start("edsr", 2000)
    assert soon(lambda: bool(children(process)))
    (child,) = children(process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert soon(lambda: not Path(f"/proc/{child}/exe").exists())


@pytest.mark.skipif(sys.platform == "win32", reason="looks at the age of folders")
def test_clears_away_what_a_killed_plug_in_has_left(tmp_path: Path) -> None:
    Program(tmp_path).install()
    folders = str(Program(tmp_path).profile / "plug-ins/sr-batch")
    environment = os.environ | {"PYTHONPATH": folders, "TMPDIR": str(tmp_path)}
    script = "import tool, time\nwith tool.scratch() as folder: print(folder, flush=True); input()"
    command = [sys.executable, "-c", script]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as first:
        assert first.stdout
        left = Path(first.stdout.readline().strip())
        subprocess.run(command, env=environment, input="\n", text=True, check=True)
        assert left.is_dir()  # at work
        first.kill()
    subprocess.run(command, env=environment, input="\n", text=True, check=True)
    assert list(tmp_path.glob("sr-batch-gimp-*")) == []
    assert not left.exists()


def test_a_user_is_told_what_to_do_without_the_tool(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sr-batch").unlink()
    _, err = start("espcn", 8).communicate()
    assert "sr-batch plugin install gimp" in err.splitlines()[-1]
