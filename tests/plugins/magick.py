"""ImageMagick 6 of this machine and 7 in the chroot, each run by a user with own settings."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT, ROOT
from tests.plugins.chroot import run_in_chroot

TOOL = Path(sys.prefix, "bin", "sr-batch")


@dataclass(frozen=True)
class Ran:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Magick:
    """One version of ImageMagick, and one user.

    Attributes:
        version: 6 or 7.
        folder: The current folder of every command, and the only one visible in the chroot.
    """

    version: int
    folder: Path

    @property
    def convert(self) -> str:
        return "magick" if self.version == 7 else "convert"

    @property
    def settings(self) -> Path:
        return self.folder / "settings" / "ImageMagick"

    def run(self, *command: str | bytes | Path, **more: str) -> Ran:
        """Run ``command`` as this user, with ``more`` in its environment."""
        environment = {
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "settings"),
            "XDG_CACHE_HOME": str(self.folder / "settings"),
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            **more,
        }
        arguments = [os.fsdecode(each) for each in command]
        done = (
            self._here(arguments, environment)
            if self.version == 6
            else self._there(arguments, environment)
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def tool(self, *arguments: str) -> Ran:
        """Run ``sr-batch`` on the system of this ImageMagick."""
        return self.run(TOOL, *arguments)

    def _here(
        self, arguments: list[str], environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            arguments,
            cwd=self.folder,
            env=ENVIRONMENT | {**environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def _there(
        self, arguments: list[str], environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        enter = ("bash", "-c", 'cd "$0" && exec "$@"', self.folder)
        return run_in_chroot([*enter, *arguments], env=environment, binds=[self.folder])


def require(version: int) -> None:
    """If this version is missing, fail in CI and skip the test elsewhere."""
    if version == 7:
        return  # run_in_chroot does this itself
    convert = shutil.which("convert")
    found = convert and subprocess.run([convert, "-version"], capture_output=True, text=True).stdout
    if "ImageMagick 6" not in (found or ""):
        assert not os.environ.get("CI"), "ImageMagick 6 is missing: apt-get install imagemagick"
        pytest.skip("needs ImageMagick 6: apt-get install imagemagick")
