"""``python -m benchmarks.peak FILE ARGUMENTS`` runs sr-batch and writes its peak memory to FILE."""

import atexit
import sys
from pathlib import Path

from sr_batch.cli import main
from sr_batch.inference.model_memory import peak_bytes

if __name__ == "__main__":
    report = Path(sys.argv.pop(1))
    atexit.register(lambda: report.write_text(str(peak_bytes())))
    main()
