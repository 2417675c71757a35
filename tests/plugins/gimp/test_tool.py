"""The module of the plug-in that runs sr-batch; it needs no GIMP."""

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

from tests.plugins.chroot import ROOT
from tests.plugins.gimp.conftest import Program

SCRIPT = """
import sys
from pathlib import Path
from tool import Settings, upscale
folder = Path(sys.argv[1])
settings = Settings(sys.argv[2], 4, "auto")
tell = lambda share: print(share, flush=True)
upscale(folder / "picture.png", folder / "enlarged.png", settings, tell)
"""
TIMEOUT = 60

Start = Callable[[str, int], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Enlarges a picture of the given side by the given network, in another process."""
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
    """Whether ``found`` becomes true within the timeout."""
    end = time.monotonic() + TIMEOUT
    while not found() and time.monotonic() < end:
        time.sleep(0.02)
    return found()


def test_reports_progress(start: Start, tmp_path: Path) -> None:
    out, err = start("espcn", 300).communicate()
    shares = [float(line) for line in out.split()]
    assert shares == sorted(set(shares)), err
    assert shares[-1] == 1
    with Image.open(tmp_path / "enlarged.png") as picture:
        assert picture.size == (1200, 1200)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this signal")
def test_sr_batch_does_not_outlive_a_killed_plug_in(start: Start) -> None:
    process = start("edsr", 2000)
    assert soon(lambda: bool(children(process)))
    (child,) = children(process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert soon(lambda: not Path(f"/proc/{child}/exe").exists())


KILLED_AT_ONCE = """
import os, time, tool
bind, plug_in = tool._dies_with_us(), os.getpid()
if not os.fork():
    while os.getppid() == plug_in:
        time.sleep(0.01)
    bind()
    print("outlives the plug-in", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this signal")
def test_sr_batch_does_not_outlive_a_plug_in_that_is_killed_at_once() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "plugins/gimp")}
    command = [sys.executable, "-c", KILLED_AT_ONCE]
    assert subprocess.check_output(command, env=environment) == b""


@pytest.mark.skipif(sys.platform == "win32", reason="looks at the age of folders")
def test_removes_the_folder_of_a_killed_plug_in(tmp_path: Path) -> None:
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
        assert left.is_dir()  # its process still runs
        first.kill()
    subprocess.run(command, env=environment, input="\n", text=True, check=True)
    assert list(tmp_path.glob("sr-batch-gimp-*")) == []
    assert not left.exists()


def test_without_the_tool_the_message_says_how_to_install_it(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sr-batch").unlink()
    _, err = start("espcn", 8).communicate()
    assert "sr-batch plugin install gimp" in err.splitlines()[-1]
