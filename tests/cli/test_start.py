"""What the program loads and prints before any work."""

import subprocess
import sys
from pathlib import Path

from sr_batch import __version__
from tests.cli.conftest import ENVIRONMENT, Photo, Tool, size_of

HEAVY = ("onnxruntime", "onnx", "cv2", "torch", "PIL", "numpy", "rich")


def test_help_loads_no_heavy_library() -> None:
    script = f"""
import sys
sys.argv = ["sr-batch", "upscale", "--help"]
from sr_batch.cli import main
try:
    main()
except SystemExit as done:
    assert not done.code
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    run = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert "--scale" in run.stdout
    assert run.stderr.strip() == "[]"


# Python reports every use of sockets to audit hooks, by any library.
NO_NETWORK = """
import sys
def forbid(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.")):
        raise AssertionError(f"network used: {event} {arguments}")
sys.addaudithook(forbid)
from sr_batch.cli import main
main()
"""


def test_works_without_network_access(photo: Photo, tmp_path: Path) -> None:
    photo("a.png")
    run = subprocess.run(
        [sys.executable, "-c", NO_NETWORK, "upscale", "a.png", "--model", "espcn"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert size_of(tmp_path / "a_x2_espcn.png") == (48, 32)


def test_prints_its_version(tool: Tool) -> None:
    run = tool("--version")
    assert run.out.decode().split() == ["sr-batch", __version__]


def test_shows_help_without_arguments(tool: Tool) -> None:
    run = tool()
    assert run.code == 2
    assert all(command in run.out.decode() + run.err for command in ("upscale", "models", "doctor"))
