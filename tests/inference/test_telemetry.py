"""ONNX Runtime reports nothing: it makes neither an identifier nor a queue of reports."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sr_batch
import onnxruntime  # as importing.int8 does, before inference.onnx_runtime
import numpy as np
sr_batch.upscale(np.zeros((8, 8, 3), np.uint8), "espcn", device="cpu")
"""


def test_networks_leave_nothing_in_temporary_and_cache_folders(tmp_path: Path) -> None:
    # No other variable: ONNX Runtime reports nothing under continuous integration.
    environment = {
        **dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(tmp_path)),
        "PATH": os.defpath,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True)
    assert not list(tmp_path.rglob("*"))
