"""Write the costs in docs/scale.md, measured on this machine: ``python docs/scale_costs.py``.

It takes minutes, and needs a machine without other work.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("scale.md")
COMMAND = (
    "sr-batch cost examples/photos --megapixels 12 --run-cores 16"
    " --models espcn,fast,balanced,photo"
)
BLOCK = re.compile(rf"^\$ {re.escape(COMMAND)}\n(.*?)^```$", re.M | re.S)


def measured() -> str:
    """What the command prints here, on the CPU."""
    command = [sys.executable, "-m", *shlex.split(COMMAND.replace("sr-batch", "sr_batch", 1))]
    done = subprocess.run(
        [*command, "--device", "cpu"], cwd=PAGE.parents[1], check=True, capture_output=True
    )
    return done.stdout.decode()


def with_costs(page: str, costs: str) -> str:
    """``page`` with ``costs`` in the place of those that it shows."""
    if not BLOCK.search(page):
        raise SystemExit(f"{PAGE.name} does not show the command {COMMAND}")
    return BLOCK.sub(lambda _: f"$ {COMMAND}\n{costs}```", page)


if __name__ == "__main__":
    PAGE.write_text(with_costs(PAGE.read_text("utf-8"), measured()), "utf-8")
