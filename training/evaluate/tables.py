"""The Markdown tables of all exported networks."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnx

from sr_batch.bench.quality import Score
from sr_batch.core.model_spec import ModelSpec
from sr_batch.inference.onnx_session import read_spec
from training.evaluate import cost
from training.evaluate.protocol import SETS
from training.models import MODELS

BEGIN, END = "<!-- networks -->\n", "<!-- end of networks -->\n"
_YARDSTICK = "espcn"
_FIGURES = ("network", "scale", *SETS, "published", "parameters", "multiply-adds", "time")
_DESCRIPTION = ("network", "for", "strengths", "limits")

Cells = tuple[str, ...]
Bicubic = Mapping[int, Mapping[str, Score]]
"""Scale -> set -> its score."""


def tables(files: Sequence[Path], bicubic: Bicubic, times: Mapping[str, float]) -> str:
    """A table with the figures of each file, and one with a description of each network.

    Files in fp16 are left out.

    Args:
        files: Exported networks.
        bicubic: Scores for the first row of each scale.
        times: Stem of a file -> its time as a multiple of that of espcn.
    """
    specs = {path: spec for path in files if (spec := read_spec(path)).precision != "fp16"}
    figures = [
        row
        for scale in sorted({spec.scale for spec in specs.values()})
        for row in _rows_of(scale, specs, bicubic[scale], times)
    ]
    return f"{_markdown(_FIGURES, figures)}\n{descriptions(files)}"


def descriptions(files: Sequence[Path]) -> str:
    """The table that says what each network is for."""
    archs = sorted({read_spec(path).arch for path in files})
    return _markdown(_DESCRIPTION, [_description(arch) for arch in archs])


def relative_times(files: Sequence[Path]) -> dict[str, float]:
    """Stem -> time on one thread, as a multiple of that of espcn at the same scale."""
    seconds = cost.seconds(files)
    scales = {path.stem: read_spec(path).scale for path in files}
    return {stem: time / seconds[f"{_YARDSTICK}_x{scales[stem]}"] for stem, time in seconds.items()}


def described_again(page: str, files: Sequence[Path]) -> str:
    """``page`` with the same figures, and with the present descriptions of ``files``."""
    figures = page.partition(BEGIN)[2].partition("\n\n")[0]
    return put_into(page, f"{figures}\n\n{descriptions(files)}")


def put_into(page: str, text: str) -> str:
    """``page`` with ``text`` between the two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + text + END + after


def _rows_of(
    scale: int,
    specs: Mapping[Path, ModelSpec],
    bicubic: Mapping[str, Score],
    times: Mapping[str, float],
) -> Iterator[Cells]:
    base = (_quality(bicubic[name].psnr, bicubic[name].ssim) for name in SETS)
    yield ("bicubic", f"x{scale}", *base, "-", "-", "-", "-")
    for path, spec in specs.items():
        if spec.scale == scale:
            yield _row(spec, path, times[path.stem])


def _row(spec: ModelSpec, path: Path, time: float) -> Cells:
    model = onnx.load(path)
    published = MODELS[spec.arch].about.published.get(spec.scale, {})
    return (
        f"[`{spec.name}`](../exported/{path.stem}.md)"
        + ("" if spec.precision == "fp32" else f" {spec.precision}"),
        f"x{spec.scale}",
        *(_quality(*spec.scores[name]) for name in SETS),
        " / ".join(f"{published[name]:.2f}" for name in SETS if name in published) or "-",
        f"{cost.parameters(model) / 1e3:.0f} K",
        f"{cost.multiply_adds_720p(model, spec.scale) / 1e9:.0f} G",
        f"{time:.1f}",
    )


def _description(arch: str) -> Cells:
    about = MODELS[arch].about
    return (f"`{arch}`", about.choice, about.strengths, about.limits)


def _quality(psnr: float, ssim: float) -> str:
    return f"{psnr:.2f} / {ssim:.4f}".replace(" 0.", " .")


def _markdown(head: Cells, body: Sequence[Cells]) -> str:
    lines = [head, ("---",) * len(head), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
