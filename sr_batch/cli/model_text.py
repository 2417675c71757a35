"""What is said of a model to people: what it is good for, its files, and their terms."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sr_batch.core.results import one_line

if TYPE_CHECKING:
    from sr_batch.core.model_spec import ModelSpec
    from sr_batch.inference.model_card import ModelCard
    from sr_batch.inference.model_catalog import ModelFile

    Family = Sequence[tuple[ModelFile, ModelSpec]]

_WIDTH = 100
_MAIN_SET = "Set5"  # its score is shown where there is one


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of text, with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def description(files: Sequence[ModelFile]) -> list[str]:
    """What the card says, and where a picture is that shows it."""
    card = card_of(files)
    sheets = [model.path.with_suffix(".jpg") for model in files]
    sheet = next((path for path in sheets if path.is_file()), None)
    said = {
        "for": card.purpose,
        "speed": card.speed,
        "strengths": card.strengths,
        "limits": card.limits,
        "picture": str(sheet or ""),
    }
    if not any(said.values()):
        return [_without_card(files[0])]
    return [line for key, text in said.items() if text for line in _wrapped(key, text)]


def _without_card(model: ModelFile) -> str:
    from sr_batch.inference.user_models import is_added

    if is_added(model.path):
        return (
            f"{model.name}: added by you; to see what it does: sr-batch models show {model.name}"
            " --on PHOTO"
        )
    return f"{model.name}: no card says what it is good for"


def _wrapped(key: str, text: str) -> list[str]:
    """A line that is indented like the metadata; a path is not broken."""
    return textwrap.wrap(
        f"{key:<15} {text}",
        _WIDTH,
        subsequent_indent=" " * 16,
        break_long_words=False,
        break_on_hyphens=False,
    )


def card_of(files: Sequence[ModelFile]) -> ModelCard:
    """The first card that says what the network is for."""
    from sr_batch.inference.model_card import ModelCard, read_card

    cards = (read_card(model.path) for model in files)
    return next((card for card in cards if card != ModelCard()), ModelCard())


def file_rows(family: Family) -> list[tuple[str, ...]]:
    """A head, and a row for each file."""
    names = {name for _, spec in family for name in spec.scores}
    main = _MAIN_SET if _MAIN_SET in names or not names else min(names)
    rows: list[tuple[str, ...]] = [
        ("SCALE", "PRECISION", f"PSNR ON {main}", "TILE OVERLAP", "FILE")
    ]
    ordered = sorted(family, key=lambda each: (each[0].scale, each[0].path.name))
    for model, spec in ordered:
        psnr = f"{spec.scores[main][0]:.2f} dB" if main in spec.scores else "-"
        name = one_line(model.path.name)
        rows.append((f"x{model.scale}", model.precision, psnr, str(spec.overlap), name))
    return rows


def terms(family: Family) -> list[str]:
    """Where the files are, their licences, and what they were trained on: each once."""
    folders = dict.fromkeys(str(model.path.parent) for model, _ in family)
    licences = dict.fromkeys(spec.licence for _, spec in family)
    said = {"folder": ", ".join(folders), "licence": ", ".join(licences), **_trained_on(family)}
    return [line for key, text in said.items() for line in _wrapped(key, one_line(text))]


def _trained_on(family: Family) -> dict[str, str]:
    """The training data; if it is not the same for all scales, with the scales it is for."""
    scales: dict[str, dict[int, None]] = {}
    for model, spec in family:
        scales.setdefault(spec.data, {})[model.scale] = None
    if len(scales) == 1:
        return {"trained on": family[0][1].data}
    return {
        f"trained on, {' '.join(f'x{each}' for each in of)}": data for data, of in scales.items()
    }
