"""The libraries that not every installation has: missing, and not loaded before they are needed."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from PIL import Image as Pillow

from sr_batch import codec
from sr_batch.batch.planning import plan_jobs
from sr_batch.codec.formats import FORMATS
from sr_batch.core.errors import UnsupportedImage, UsageError
from sr_batch.core.image import Image
from sr_batch.core.installing import pip
from sr_batch.core.options import UpscaleOptions
from tests.codec.pictures import PLENTY, noise, smooth

EXTRAS = {"heic": ("pillow_heif", "HEIC"), "jxl": ("OpenImageIO", "JPEG XL")}
ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``script`` in a Python of its own, in an environment that knows this checkout."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )


def command_line(missing: str) -> str:
    """The tool, as if this module were not installed."""
    return f"import sys; sys.modules[{missing!r}] = None; from sr_batch.cli import main; main()"


@pytest.mark.parametrize("kind", EXTRAS)
def test_names_the_package_for_an_input(kind: str, tmp_path: Path) -> None:
    module, name = EXTRAS[kind]
    source = tmp_path / f"a.{kind}"
    source.write_bytes(codec.encode_image(Image(smooth(8, 8, 3)), kind, 95))
    result = run(command_line(module), "upscale", str(source), "--model", "espcn")
    assert result.returncode == 3
    needs = pip("install", "--upgrade", *FORMATS[kind].packages)
    assert f"{source}: it is {name}, which needs: {needs}" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("kind", EXTRAS)
def test_names_the_package_for_an_output_before_any_work(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module, name = EXTRAS[kind]
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.chdir(tmp_path)
    Pillow.fromarray(noise(8, 8, 3)).save("a.png")
    command = re.escape(pip("install", "--upgrade", *FORMATS[kind].packages))
    needs = rf"^the output format is {name}, which needs: {command}$"
    for output, wanted in ((f"b.{kind}", "keep"), (None, kind)):
        with pytest.raises(UsageError, match=needs):
            plan_jobs(["a.png"], output, UpscaleOptions(format=wanted), "edsr")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", EXTRAS)
def test_names_the_packages_of_the_extra(kind: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {Requirement(each).name for each in extras["optional-dependencies"][kind]}
    assert set(FORMATS[kind].packages) == wanted


def test_a_pillow_without_avif_is_told_from_a_damaged_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = codec.encode_image(Image(smooth(8, 8, 3)), "avif", 95)
    monkeypatch.setitem(sys.modules, "PIL._avif", None)
    with pytest.raises(UnsupportedImage, match=r"^a: it is AVIF, .*--upgrade pillow$"):
        codec.read_header(data, "a", PLENTY)


def test_loads_libraries_only_for_their_own_formats() -> None:
    script = (
        "import sys, io, numpy; from sr_batch import codec; from sr_batch.core.image import Image;"
        "late = {'pillow_heif', 'OpenImageIO', 'brotli'};"
        "image = Image(numpy.zeros((8, 8, 3), numpy.uint8));"
        "files = {kind: codec.encode_image(image, kind, 95) for kind in ('jpg', 'png', 'avif')};"
        "[codec.read_image(data, kind, 99) for kind, data in files.items()];"
        "print(late & set(sys.modules));"
        "codec.encode_image(image, 'heic', 95); print(late & set(sys.modules))"
    )
    result = run(script)
    assert result.stdout.splitlines() == ["set()", "{'pillow_heif'}"]
