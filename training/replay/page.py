"""The page of a replay: the report's figures, the same settings here, our best, and why."""

from collections.abc import Iterator
from pathlib import Path

from training.evaluate.measured import Values, text_of
from training.recipes import RECIPES
from training.recipes.recipe import passes_of
from training.replay.chain import Outcome, drawn_in
from training.replay.drawing import draw_pictures, draw_plots
from training.replay.plans import Extent
from training.report.page import markdown, networks_table, runs_table
from training.report.pictures import decibels
from training.report.subject import Subject
from training.run.record import Record

_SHORT = (
    "> **This is a short run. Its figures mean nothing.** It shows that the commands work: a few "
    "steps on parts of a few pictures, with smaller networks where the report's are large."
)
_CUT = "> **Shortened:** {}."
_SOURCES = (
    "Pictures: [examples/photos](../../examples/photos/README.md), which no network was trained on "
    "(public domain and CC0). Numbers under a title are PSNR."
)
_STAND_IN = (
    "> **Stand-in pictures.** The pictures of the report were not there. Others took their place, "
    "so that only the gains over bicubic compare."
)


def write(outcome: Outcome, folder: Path) -> Path:
    """Write the page ``X.md`` to ``folder``, and its figures to a folder ``x``; return the page."""
    letter = outcome.report.letter
    figures = folder / letter.lower()
    figures.mkdir(parents=True, exist_ok=True)
    page = folder / f"{letter}.md"
    page.write_text("\n\n".join(_sections(outcome, figures)) + "\n", encoding="utf-8")
    return page


def _sections(outcome: Outcome, folder: Path) -> Iterator[str]:
    report, place = outcome.report, folder.name
    yield f"# Report {report.letter}: {report.title}"
    yield from _warnings(outcome)
    yield f"**The report.** {report.settings}"
    yield f"**The replay.** {_what_ran(outcome)}"
    draw_plots(outcome, folder)
    yield f"## Side by side\n\n{_side_by_side(outcome)}\n\n![PSNR]({place}/psnr.png)"
    if outcome.on_bicubic:
        yield _own_lr(outcome)
    yield f"{report.line.text}\n\n{_verdicts(outcome)}"
    yield "## Why they differ\n\n" + "\n".join(f"- {reason}" for reason in report.reasons)
    yield f"## All figures\n\n{networks_table(outcome.subjects)}"
    yield (
        f"## Training\n\nBy the validation pictures.\n\n{runs_table(outcome.replayed)}\n\n"
        f"![curves]({place}/curves.png)"
    )
    yield f"## Pictures\n\nPSNR in dB, bicubic -> network, and the gain.\n\n{_captions(outcome)}"
    if drawn_in(outcome.extent):
        yield _SOURCES
    for text, name in draw_pictures(outcome, folder):
        yield f"![{text}]({place}/{name})"
    yield f"## Levels\n\n![histograms of SR and HR]({place}/histograms.png)"


def _warnings(outcome: Outcome) -> Iterator[str]:
    if outcome.extent.is_short:
        yield _SHORT
    elif changes := [*_changes(outcome.extent)]:
        yield _CUT.format("; ".join(changes))
    if outcome.material.choice.is_stand_in:
        yield _STAND_IN


def _changes(extent: Extent) -> Iterator[str]:
    if extent.iterations:
        unless = " unless a changed field says otherwise" if _sets_length(extent) else ""
        yield f"every network was trained for {extent.iterations:,} iterations{unless}"
    if extent.measured:
        yield f"at most {extent.measured} pictures of each set were measured"
    if extent.settings:
        yield f"changed fields: {', '.join(f'`{each}`' for each in extent.settings)}"


def _sets_length(extent: Extent) -> bool:
    """Whether a setting gives a network a length of its own."""
    return any(":iterations=" in setting for setting in extent.settings)


def _what_ran(outcome: Outcome) -> str:
    """The pictures, the protocol, and how far each recipe came."""
    first = next(iter(outcome.records.values()))
    lines = [
        f"Pictures: {outcome.material.choice.text}. {first.pictures.count} were trained on, "
        f"{len(outcome.material.judged)} measured: {outcome.subjects[0].opened.protocol.text()}.",
        "",
    ]
    for name, record in outcome.records.items():
        lines.append(
            f"- `{name}`: {record.iterations:,} iterations, of which the weights after "
            f"{record.kept:,} are measured; the recipe has {_planned(name, record)}. "
            f"Source {_source(record)}."
        )
    return "\n".join(lines)


def _source(record: Record) -> str:
    """The commit that trained last; a later start may only have measured."""
    trained = [leg.commit for leg in record.legs if leg.begin < record.iterations]
    return trained[-1]


def _planned(name: str, record: Record) -> str:
    """The length of a recipe on the pictures of a run."""
    recipe = RECIPES[name]
    if not recipe.epochs:
        return f"{recipe.iterations:,}"
    steps = recipe.epochs * passes_of(recipe, record.pictures.tiles)
    return f"{steps:,} ({recipe.epochs} epochs)"


def _side_by_side(outcome: Outcome) -> str:
    """Each claim beside what is measured here."""
    best = outcome.best
    bicubic = _pair(best.result.bicubic_means)
    found = {each.name: each.result for each in outcome.subjects}
    rows = []
    for claim in outcome.report.claims:
        here, ours = (
            _pair(found[name].means) if name in found else "-"
            for name in (claim.recipe, claim.ours)
        )
        if claim.network == "bicubic":
            here = bicubic
        rows.append((claim.network, claim.figures, here, ours))
    if all(claim.network != "bicubic" for claim in outcome.report.claims):
        rows.append(("bicubic", "-", bicubic, "-"))
    rows.append((f"our best, `{best.name}`", "-", "-", _pair(best.result.means)))
    is_cut = outcome.extent.iterations or outcome.extent.settings
    here = "here, shortened" if is_cut else "the same settings here"
    return markdown(("network", "the report", here, "as we train it"), rows)


def _own_lr(outcome: Outcome) -> str:
    """The best network on LR as in its training."""
    result = outcome.on_bicubic
    assert result is not None
    return (
        f"On bicubic LR, from which `{result.network}` learned, it has {_pair(result.means)}, and "
        f"bicubic has {_pair(result.bicubic_means)}."
    )


def _pair(means: Values) -> str:
    return f"{text_of('psnr', means['psnr'])} dB / {text_of('ssim', means['ssim'])}"


def _verdicts(outcome: Outcome) -> str:
    return "\n".join(f"- {_verdict(each, outcome)}" for each in outcome.subjects)


def _verdict(subject: Subject, outcome: Outcome) -> str:
    """By how much a network is above or below the line."""
    fixed = outcome.report.line.decibels
    line = subject.result.bicubic_means["psnr"] if fixed is None else fixed
    gain = subject.result.means["psnr"] - line
    side = "above" if gain >= 0 else "below"
    return f"`{subject.name}`: {abs(gain):.2f} dB {side} the line of {line:.2f} dB"


def _captions(outcome: Outcome) -> str:
    """PSNR of each picture that is drawn; beside them those of the report, in its own order."""
    own = outcome.report.captions
    head = ("picture", *(each.name for each in outcome.subjects))
    rows: list[tuple[str, ...]] = [
        (name, *(_gain(*decibels(each, name)) for each in outcome.subjects))
        for name in _captioned(outcome)
    ]
    if own:
        head = ("the report's pictures", *head)
        empty = ("-",) * len(head)
        count = max(len(own), len(rows))
        left = [_gain(*pair) for pair in own] + ["-"] * (count - len(own))
        rows += [empty[1:]] * (count - len(rows))
        rows = [(text, *row) for text, row in zip(left, rows, strict=True)]
    return markdown(head, rows)


def _captioned(outcome: Outcome) -> list[str]:
    """The pictures beside those of the report: the first measured ones, else the drawn ones."""
    own = len(outcome.report.captions)
    return [each.picture for each in outcome.best.result.pictures[:own]] or [*outcome.best.rows]


def _gain(bicubic: float, network: float) -> str:
    return f"{bicubic:.2f} -> {network:.2f} ({network - bicubic:+.2f})"
