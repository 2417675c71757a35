"""Reads mutated files one after the other, in its own process with little memory.

``python -m tests.reliability.fuzz FIRST COUNT`` prints a line for each: its number, then ``read``,
``refused``, or the fault. It ends itself when one takes longer than ten seconds. Output of
"""

import faulthandler
import os
import resource
import sys
import traceback
import warnings

from sr_batch import codec
from sr_batch.core.errors import ImageError, ImageTooLarge, UnsupportedImage
from sr_batch.core.image import Image
from tests.corpus.mutate import mutation

PATIENCE = 10.0  # seconds
MEMORY = 1 << 30  # bytes on top of what the libraries take
MAX_PIXELS = 10**6
_LONGEST_LINE = 300


def main(first: int, count: int) -> None:
    """Read the mutations from ``first`` on."""
    mutation(first)  # builds the corpus
    faulthandler.enable()
    warnings.simplefilter("error")
    _limit_memory()
    for number in range(first, first + count):
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        print(number, end=" ", flush=True)
        before = os.fstat(sys.stderr.fileno()).st_size
        verdict = _verdict(number)
        if os.fstat(sys.stderr.fileno()).st_size != before:
            verdict = "a library wrote to standard error"
        print(verdict, flush=True)
    faulthandler.cancel_dump_traceback_later()


def _limit_memory() -> None:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))


def _verdict(number: int) -> str:
    try:
        return _read(mutation(number).data, sorted(codec.SUFFIXES)[number % len(codec.SUFFIXES)])
    except Exception:
        return traceback.format_exc().replace("\n", " | ")


def _read(data: bytes, other: str) -> str:
    """Read ``data``; if that works, write it in its own format and in another one."""
    try:
        header = codec.read_header(data, "a", MAX_PIXELS)
        pages = list(codec.read_pages(data, "a", MAX_PIXELS))
    except ImageError as error:
        line = str(error)
        good = line.startswith("a: ") and line.isprintable() and len(line) < _LONGEST_LINE
        return "refused" if good else f"refused with a bad message: {line!a}"
    sizes = tuple(page.size for page in pages)
    if sizes != header.sizes or header.pixels > MAX_PIXELS:
        return f"read as {sizes[:9]}, but its header says {header.sizes[:9]}"
    for kind in (header.format, other):
        _write(pages, header, kind)
    return "read"


def _write(pages: list[Image], header: codec.Header, kind: str) -> None:
    try:
        codec.require_fits(header.size, kind, "a")
        codec.require_holds(header, kind, "a")
    except (ImageTooLarge, UnsupportedImage):
        return
    again = codec.read_header(codec.encode_pages(pages, kind, 95), "a", MAX_PIXELS)
    assert again.sizes == header.sizes
    assert again.format == kind


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
