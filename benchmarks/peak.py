"""``python -m benchmarks.peak FILE ARGUMENTS``: sr-batch, which leaves its peak memory in FILE.

The process itself has to say it: what ``wait4`` tells the parent is never less than the parent's
own peak, which Linux hands on when a program is started.
"""

import atexit
import resource
import sys
from pathlib import Path

from sr_batch.cli import main

_STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """The largest resident memory of this process so far."""
    if _STATUS.exists():
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


if __name__ == "__main__":
    report = Path(sys.argv.pop(1))
    atexit.register(lambda: report.write_text(str(peak_bytes())))
    main()
