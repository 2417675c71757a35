"""Measures how much memory a network takes, in a separate process that does nothing else.

That process reports its peak itself. What ``wait4`` tells the parent would never be less than the
parent's own peak, because Linux passes that on to the programs it starts.
"""

import subprocess
import sys
from pathlib import Path

from sr_batch.core.model_spec import PIXEL_BYTES

_STATUS = Path("/proc/self/status")
_SIDE = 128  # side of the LR picture in pixels


def peak_bytes() -> int | None:
    """The peak resident memory of this process in bytes; None if the system does not report it."""
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def pixel_bytes(path: Path) -> int:
    """Bytes that one more LR pixel takes in a call of the network at ``path``, from two calls.

    At least ``PIXEL_BYTES``; exactly that if the system does not report memory.
    """
    few, many = session_bytes(path), session_bytes(path, 2 * _SIDE)
    if few is None or many is None:
        return PIXEL_BYTES
    return max(PIXEL_BYTES, (many - few) // (3 * _SIDE**2))


def session_bytes(path: Path, side: int = _SIDE) -> int | None:
    """Bytes that a process grows by when it opens the network at ``path`` and runs it once.

    It runs on the CPU, on ``side`` x ``side`` LR pixels. None if the network cannot be opened, or
    the system does not report memory.
    """
    command = [sys.executable, "-m", __name__, str(path), str(side)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(ended.stdout) if ended.stdout.strip().isdigit() else None


def _print_growth(path: str, side: int) -> None:
    import numpy as np

    from sr_batch.inference.onnx_runtime import load_runtime
    from sr_batch.inference.onnx_session import OnnxSession

    load_runtime()  # so that its own memory is not counted
    before = peak_bytes()
    session = OnnxSession.open(Path(path))
    session(np.zeros((1, session.spec.channels, side, side), np.float32))
    after = peak_bytes()
    if before is not None and after is not None:
        print(after - before)


if __name__ == "__main__":
    _print_growth(sys.argv[1], int(sys.argv[2]))
