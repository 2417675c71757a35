"""How much memory a network takes: measured in a process of its own, which does nothing else.

That process itself has to say it: what ``wait4`` tells the parent is never less than the parent's
own peak, which Linux hands on when a program is started.
"""

import subprocess
import sys
from pathlib import Path

from sr_batch.core.model_spec import PIXEL_BYTES

_STATUS = Path("/proc/self/status")
_SIDE = 128  # of the LR picture


def peak_bytes() -> int | None:
    """The largest resident memory of this process so far; None where the system does not tell."""
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
    """What a further LR pixel takes in a call of the network at ``path``: of two calls.

    Never less than the usual; that, too, where the system does not tell.
    """
    few, many = session_bytes(path), session_bytes(path, 2 * _SIDE)
    if few is None or many is None:
        return PIXEL_BYTES
    return max(PIXEL_BYTES, (many - few) // (3 * _SIDE**2))


def session_bytes(path: Path, side: int = _SIDE) -> int | None:
    """What opening the network at ``path`` and running it once on a CPU adds to a process."""
    command = [sys.executable, "-m", __name__, str(path), str(side)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(ended.stdout) if ended.stdout.strip().isdigit() else None


def _print_growth(path: str, side: int) -> None:
    import numpy as np

    from sr_batch.inference.onnx_session import OnnxSession, compiled_providers

    compiled_providers()  # onnxruntime is loaded
    before = peak_bytes()
    session = OnnxSession.open(Path(path))
    session(np.zeros((1, session.spec.channels, side, side), np.float32))
    after = peak_bytes()
    if before is not None and after is not None:
        print(after - before)


if __name__ == "__main__":
    _print_growth(sys.argv[1], int(sys.argv[2]))
