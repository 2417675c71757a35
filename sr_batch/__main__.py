"""``python -m sr_batch`` is ``sr-batch``."""

from sr_batch.cli import main

main()
