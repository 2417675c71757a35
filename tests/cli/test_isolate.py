"""``--isolate`` on the command line: equal files, and a clean end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import ENVIRONMENT, Photo, Tool, finish

ESPCN = ("--model", "espcn")


def test_writes_equal_files(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    for name, mode in [("a.png", "RGB"), ("b.jpg", "L"), ("c.webp", "RGBA"), ("d.tif", "RGB")]:
        photo(f"in/{name}", mode=mode)
    (tmp_path / "in/broken.png").write_bytes((tmp_path / "in/a.png").read_bytes()[:-40])
    (tmp_path / "my.toml").write_text("[upscale]\nisolate = true\n")
    plain = tool("upscale", "in", "-o", "plain", *ESPCN)
    isolated = tool("upscale", "in", "-o", "isolated", "--verify", "--config", "my.toml", *ESPCN)
    assert plain.code == isolated.code == 3
    assert [line for line in isolated.err.splitlines() if "broken" in line] == [
        line for line in plain.err.splitlines() if "broken" in line
    ]
    for name in ("a.png", "b.jpg", "c.webp", "d.tif"):
        assert (tmp_path / "isolated" / name).read_bytes() == (
            tmp_path / "plain" / name
        ).read_bytes()


def children(pid: int) -> list[str]:
    """Child processes of all threads of ``pid``, if the system lists them."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for file in files for child in file.read_text().split()]


def test_an_interrupt_of_all_processes_ends_the_run_cleanly(photo: Photo, tmp_path: Path) -> None:
    """Ctrl-C on a terminal signals the whole process group."""
    for index in range(30):
        photo(f"photos/{index:03}.png", size=(128, 128))
    process = subprocess.Popen(
        [sys.executable, "-m", "sr_batch", "upscale", "photos", "--isolate", "--json", *ESPCN],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    )
    assert process.stdout is not None
    first = process.stdout.readline()  # now it is working
    decoders = children(process.pid)
    assert decoders or sys.platform != "linux"
    os.killpg(process.pid, signal.SIGINT)
    run = finish(process)
    assert not any(Path("/proc", pid).exists() for pid in decoders)
    assert run.code == 130
    statuses = {json.loads(first)["status"], *(result["status"] for result in run.results)}
    assert statuses == {"done", "not_run"}
    assert run.summary["done"] + run.summary["not_run"] == run.summary["planned"] == 30
