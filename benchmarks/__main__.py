"""Measure the tool and print a table of ratios and peaks, which machines can be compared by."""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.cases import CASES, USUAL
from benchmarks.photos import EXAMPLES
from benchmarks.setting import Setting


def main() -> None:
    """Print each row as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}")
    parser.add_argument("--photos", type=Path, default=EXAMPLES, help="folder of JPEGs")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--plots", type=Path, help="folder for plots")
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    print(f"{'measure':<44}{'value':>14}  {'goal':<24}reached")
    for name in arguments.cases or USUAL:
        with tempfile.TemporaryDirectory() as folder:
            setting = Setting(Path(folder), arguments.photos, arguments.threads, arguments.plots)
            for row in CASES[name](setting):
                reached = "yes" if row.reached else "NO"
                print(f"{row.measure:<44}{row.value:>14}  {row.goal:<24}{reached}", flush=True)


main()
