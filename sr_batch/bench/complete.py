"""Whether everything lies beside an exported file that has to be there."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from sr_batch.core.errors import UnknownModel
from sr_batch.core.model_spec import ModelSpec
from sr_batch.inference.model_catalog import ModelFile
from sr_batch.inference.onnx_session import read_spec
from sr_batch.inference.recorded_outputs import record_path


def gaps(model: ModelFile) -> Iterator[str]:
    """What is missing of ``model``, or does not belong to it: contract, card, record."""
    try:
        spec = read_spec(model.path)
    except UnknownModel as fault:
        yield str(fault)
        return
    named = (model.name, model.scale, model.precision)
    if (spec.name, spec.scale, spec.precision) != named:
        yield f"its contract says {spec.name} x{spec.scale} in {spec.precision}"
    yield from _card_gaps(model.path.with_suffix(".md"), spec)
    if not record_path(model.path).is_file():
        yield f"{record_path(model.path).name} is missing; to make it: python -m training record"


def row_gaps(models: Iterable[ModelFile], rows: Collection[str]) -> Iterator[tuple[str, str]]:
    """(name, what): networks without a row in a baseline, and rows without a network."""
    names = {model.path.stem for model in models}
    for name in sorted(names - set(rows)):
        yield name, "the baseline has no row of it; to add it: --update"
    for name in sorted(set(rows) - names):
        yield name, "the baseline has a row of it, but there is no such network; --update drops it"


def _card_gaps(card: Path, spec: ModelSpec) -> Iterator[str]:
    if not card.is_file():
        yield f"its card {card.name} is missing; to make it: python -m training export"
        return
    text = card.read_text(encoding="utf-8")
    precision = "" if spec.precision == "fp32" else f", {spec.precision}"
    figures = [
        f"# {spec.name} x{spec.scale}{precision}\n",
        f"tile overlap {spec.overlap}:",
        *(f"| {psnr:.2f} / {ssim:.4f} |" for psnr, ssim in spec.scores.values()),
    ]
    for figure in figures:
        if figure not in text:
            yield f"its card {card.name} does not say {figure.strip()!r}, which its contract does"
