"""Runs test scripts in a real GIMP 3 with the plug-in installed."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from sr_batch.integrations.gimp import INSTALLER
from tests.plugins.chroot import ROOT, run_in_chroot

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Program:
    """GIMP with its own profile.

    Attributes:
        folder: Visible to GIMP at the same path; it holds all files of the tests.
    """

    folder: Path

    def install(self) -> None:
        """Install the plug-in, which will run the sr-batch of this checkout."""
        tool = self.folder / "sr-batch"
        command = f'exec {sys.executable} -m sr_batch "$@"'
        settings = f"PYTHONPATH={ROOT} OMP_NUM_THREADS=1 CUDA_VISIBLE_DEVICES=-1"
        tool.write_text(f"#!/bin/sh\n{settings} {command}\n")
        tool.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GIMP3_DIRECTORY", str(self.profile))
            INSTALLER.install(tool)

    @property
    def profile(self) -> Path:
        return self.folder / "profile"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def run(self, script: str) -> None:
        """Run ``script`` in GIMP. The test fails if one of its asserts fails."""
        text = f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        text += (
            f"from pathlib import Path\nfrom inside import *\nfolder = Path({str(self.folder)!r})\n"
        )
        path = self.folder / "script.py"
        path.write_text(text + dedent(script))
        command = ["gimp-console-3.0", "-i", "-d", "-f", "--quit"]
        command += [
            "--batch-interpreter=python-fu-eval",
            "-b",
            f"import runpy; runpy.run_path({str(path)!r})",
        ]
        done = self.enter(*command)
        assert done.returncode == 0, done.stdout + done.stderr

    def enter(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run ``command`` in the chroot of GIMP."""
        variables = {
            "HOME": str(self.folder),
            "GIMP3_DIRECTORY": str(self.profile),
            "TMPDIR": str(self.temporary),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return run_in_chroot(command, env=variables, timeout=300, binds=[self.folder])


Make = Callable[[], Program]


@pytest.fixture(scope="package")
def gimp(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(tmp_path_factory.mktemp("gimp"))
    program.temporary.mkdir()
    program.install()
    return program
