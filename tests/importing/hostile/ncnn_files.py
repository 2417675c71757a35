"""Files of ncnn whose counts and sizes lie."""

from pathlib import Path

from tests.importing.hostile.case import Case, Make
from tests.importing.ncnn.files import FULL, HALF

INPUT = "Input data 0 1 in"


def network(*lines: str, data: bytes = b"", count: str = "") -> Make:
    """A .param with these lines after the input, and ``data`` as its .bin."""

    def make(folder: Path) -> Path:
        text = "\n".join(["7767517", f"{count or len(lines) + 1} 9", INPUT, *lines, ""])
        path = folder / "net.param"
        path.write_text(text, "utf-8")
        path.with_suffix(".bin").write_bytes(data)
        return path

    return make


def alone(folder: Path) -> Path:
    path = network("ReLU r 1 1 in out")(folder)
    path.with_suffix(".bin").unlink()
    return path


CONVOLUTION = "Convolution c 1 1 in out 0=12 1=3 4=1 5=1 6=324"
SPLIT = "Split s 1 60000 in " + " ".join(f"b{number}" for number in range(60000))

CASES = (
    Case("ncnn: no .bin", alone, "two files, and .*net.bin is missing"),
    Case("ncnn: four billion layers", network(count="4000000000"), "announces 4000000000 layers"),
    Case("ncnn: a layer with -1 outputs", network("ReLU r 1 -1 in"), "r: its line cannot be read"),
    Case("ncnn: a layer with 10^12 inputs", network("Concat c 1000000000000 1 in"), "line cannot"),
    Case("ncnn: 60,000 outputs", network(SPLIT), "60000 outputs"),
    Case("ncnn: 10^18 weights", network(f"{CONVOLUTION}{'0' * 15}", data=FULL), "needs .* bytes"),
    Case("ncnn: -324 weights", network(CONVOLUTION.replace("6=", "6=-")), "above 0, not -324"),
    Case("ncnn: a flag that lies", network(CONVOLUTION, data=HALF + bytes(9)), "needs .* bytes"),
    Case("ncnn: an unknown flag", network(CONVOLUTION, data=b"evil" * 400), "neither fp32 nor fp1"),
    Case("ncnn: a truncated .bin", network(CONVOLUTION, data=FULL + bytes(99)), "needs .* bytes"),
    Case("ncnn: a circle", network("ReLU r 1 1 b a", "ReLU s 1 1 a b"), "no layer before it"),
    Case("ncnn: an infinite number", network("Crop c 1 1 in b -23309=1,1e999"), "line cannot be"),
    Case(
        "ncnn: a shuffle by 0", network("PixelShuffle p 1 1 in out 0=0"), "must be above 0, not 0"
    ),
    Case("ncnn: escape codes", network("\x1b[2J r 1 1 in out"), r"\\x1b\[2J"),
)
