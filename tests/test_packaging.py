"""The wheel: the tool with its networks, nothing of the training, one runtime a platform."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from sr_batch.inference.model_card import read_card

ROOT = Path(__file__).parents[1]
LARGEST = 60 * 2**20


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    assert path.stat().st_size <= LARGEST
    return zipfile.ZipFile(path)


def test_holds_the_tool_and_every_network_for_use_with_its_card(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert "sr_batch/cli/upscale.py" in names
    networks = list((ROOT / "exported").glob("*.onnx"))
    useful = {path.stem for path in networks if not read_card(path).is_for_comparison}
    assert {"balanced_x2", "balanced_x4_int8", "photo_x2", "edsr_x3_fp16"} <= useful
    for name in useful:
        assert {f"sr_batch/exported/{name}.onnx", f"sr_batch/exported/{name}.md"} <= names
    others = {path.name for path in networks if path.stem not in useful}
    assert "vdsr_x2.onnx" in others
    assert not others & {Path(name).name for name in names}


def test_holds_every_file_of_the_plug_ins(wheel: zipfile.ZipFile) -> None:
    paths = [path.relative_to(ROOT) for path in (ROOT / "plugins").rglob("*.*")]
    files = {f"sr_batch/{path.as_posix()}" for path in paths if "__pycache__" not in path.parts}
    assert {"sr_batch/plugins/desktop/enlarge.sh", "sr_batch/plugins/README.md"} <= files
    assert files <= set(wheel.namelist())
    assert not [name for name in wheel.namelist() if "__pycache__" in name]


def test_holds_every_file_of_the_page(wheel: zipfile.ZipFile) -> None:
    folder = ROOT / "sr_batch" / "serve" / "page"
    files = {f"sr_batch/serve/page/{path.name}" for path in folder.iterdir()}
    assert "sr_batch/serve/page/index.html" in files
    assert files <= set(wheel.namelist())


def test_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sr_batch"}


def test_works_from_the_wheel_alone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    script = (
        "from sr_batch.inference.model_catalog import find_models;"
        "print(*(m.path for m in find_models()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    folder = tmp_path / "sr_batch/exported"
    assert set(run.stdout.split()) == {str(path) for path in folder.glob("*.onnx")}


PLATFORMS = [
    ("linux", "x86_64", "onnxruntime-gpu"),
    ("win32", "AMD64", "onnxruntime-gpu"),
    ("linux", "aarch64", "onnxruntime"),
    ("darwin", "arm64", "onnxruntime"),
    ("darwin", "x86_64", "onnxruntime"),
    ("win32", "ARM64", "onnxruntime"),
]


@pytest.mark.parametrize(("system", "machine", "runtime"), PLATFORMS)
def test_requires_exactly_one_runtime(
    wheel: zipfile.ZipFile, system: str, machine: str, runtime: str
) -> None:
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    fields = Parser().parsestr(wheel.read(metadata).decode())
    here = {"sys_platform": system, "platform_machine": machine, "extra": ""}
    required = [Requirement(text) for text in fields.get_all("Requires-Dist", [])]
    wanted = {each.name for each in required if not each.marker or each.marker.evaluate(here)}
    assert {name for name in wanted if name.startswith("onnxruntime")} == {runtime}
    others = {"filelock", "numpy", "onnx", "opencv-python-headless", "pillow", "typer", "watchdog"}
    assert wanted == {*others, runtime}
