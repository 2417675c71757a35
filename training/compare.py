"""The table of all exported networks, which is the README's."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx

from sr_batch.contract import ModelSpec
from sr_batch.onnx_session import read_spec
from training import cost
from training.models import MODELS

BEGIN, END = "<!-- networks -->\n", "<!-- end of networks -->\n"
SETS = ("Set5", "Set14", "BSD100")
_YARDSTICK = "espcn"
_HEAD = ("network", "scale", *SETS, "published", "parameters", "multiply-adds", "time", "for")

Cells = tuple[str, ...]
Bicubic = Mapping[tuple[str, int], float]
"""(Set, scale) -> PSNR-Y in dB."""


def rows(files: Sequence[Path], bicubic: Bicubic, times: Mapping[str, float]) -> list[Cells]:
    """One for each file.

    Args:
        files: Exported networks.
        bicubic: For the figures in brackets.
        times: Stem of the file -> its time as a multiple of the yardstick's.
    """
    return [_row(read_spec(path), path, bicubic, times[path.stem]) for path in files]


def markdown(body: Sequence[Cells]) -> str:
    """``body`` under the heads of the columns."""
    lines = [_HEAD, ("---",) * len(_HEAD), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def relative_times(files: Sequence[Path]) -> dict[str, float]:
    """Stem -> time on one thread as a multiple of espcn's at the same scale, from one run."""
    seconds = cost.seconds(files)
    scales = {path.stem: read_spec(path).scale for path in files}
    return {stem: time / seconds[f"{_YARDSTICK}_x{scales[stem]}"] for stem, time in seconds.items()}


def put_into(readme: str, text: str) -> str:
    """``readme`` with ``text`` between the marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + text + END + after


def _row(spec: ModelSpec, path: Path, bicubic: Bicubic, time: float) -> Cells:
    about, model = MODELS[spec.arch].about, onnx.load(path)
    published = about.published.get(spec.scale, {}).get("Set5")
    return (
        f"[`{spec.name}`](exported/{path.stem}.md)",
        f"x{spec.scale}",
        *(f"{spec.scores[name][0]:.2f} ({bicubic[name, spec.scale]:.2f})" for name in SETS),
        "-" if published is None else f"{published:.2f}",
        f"{cost.parameters(model) / 1e3:.0f} K",
        f"{cost.multiply_adds_720p(model, spec.scale) / 1e9:.0f} G",
        f"{time:.1f}",
        about.choice,
    )
