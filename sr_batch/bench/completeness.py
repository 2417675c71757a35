"""Checks that an exported network has its contract, card, record and baseline row."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from sr_batch.core.errors import UnknownModel
from sr_batch.core.model_spec import ModelSpec
from sr_batch.inference.model_catalog import ModelFile
from sr_batch.inference.onnx_session import read_spec
from sr_batch.inference.recorded_outputs import record_path


def gaps(model: ModelFile) -> Iterator[str]:
    """The parts of ``model`` that are missing or belong to another network, one line each."""
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
        yield f"{record_path(model.path).name} is missing; to create it: python -m training record"


def row_gaps(models: Iterable[ModelFile], rows: Collection[str]) -> Iterator[tuple[str, str]]:
    """(name, problem) of networks without a row in a baseline, and of rows without a network."""
    names = {model.path.stem for model in models}
    for name in sorted(names - set(rows)):
        yield name, "the baseline has no row for it; to add one: --update"
    for name in sorted(set(rows) - names):
        yield (
            name,
            "the baseline has a row for it, but the network is missing; to drop it: --update",
        )


def _card_gaps(card: Path, spec: ModelSpec) -> Iterator[str]:
    if not card.is_file():
        yield f"its card {card.name} is missing; to create it: python -m training export"
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
            yield f"its card {card.name} lacks {figure.strip()!r}, which is in its contract"
