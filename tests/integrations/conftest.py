"""A user with a hostile home folder, in which plug-ins are installed and run."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import ENVIRONMENT

HOSTILE = """it's "my" $(touch pwned) `touch pwned` %F & <b> \\n é"""


def needs(program: str, package: str) -> str:
    """The path of ``program``. If it is missing, fails in CI and skips the test elsewhere."""
    if found := shutil.which(program):
        return found
    assert not os.environ.get("CI"), f"{program} is missing: apt-get install {package}"
    pytest.skip(f"needs {program}: apt-get install {package}")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a hostile name, whose settings choose the small network."""
    folder = tmp_path / HOSTILE
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(folder / "system"))
    settings = folder / "config" / "sr-batch" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[upscale]\nmodel = "espcn"\n')
    return folder


@pytest.fixture
def tool(home: Path) -> Path:
    """The command, in a folder with the same hostile name."""
    path = home / "bin" / "sr-batch"
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sr_batch "$@"\n')
    path.chmod(0o755)
    return path


def picture(path: Path) -> Path:
    Image.effect_noise((20, 12), 50).convert("RGB").save(path, "PNG")
    return path


def run(
    command: Sequence[str | Path], folder: Path, **more: str
) -> subprocess.CompletedProcess[bytes]:
    environment = ENVIRONMENT | {"XDG_CONFIG_HOME": os.environ["XDG_CONFIG_HOME"], **more}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120)
