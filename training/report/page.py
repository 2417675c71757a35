"""Measures the networks of a report, and writes its page and its figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sr_batch.bench.pictures import read_picture
from training.evaluate.measured import SetResult, measure_pictures, text_of
from training.evaluate.metrics import METRICS, Metric
from training.evaluate.restore import compare
from training.report import figures
from training.report.pictures import Crop, decibels, draw_side_by_side, draw_triples
from training.report.subject import Curve, Subject
from training.run.networks import Opened

PAGE = "report.md"


@dataclass(frozen=True)
class Plan:
    """What a report shows.

    Attributes:
        pictures: HR pictures that all networks are measured on.
        name: Name of that set.
        metrics: By name; ``psnr`` is one of them.
        shown: Number of pictures that are drawn, the first of the set.
        crop: The part that is zoomed.
        workers: Pictures measured at the same time.
        drawn: Other pictures that are drawn in place of these.
    """

    pictures: Sequence[Path]
    name: str
    metrics: Mapping[str, Metric]
    shown: int = 5
    crop: Crop = Crop()  # noqa: RUF009, it is frozen
    workers: int = 1
    drawn: Sequence[Path] = ()


def measure(opened: Opened, curve: Curve, plan: Plan) -> Subject:
    """Measure a network on all pictures of ``plan``, and enlarge those that are shown.

    Raises:
        ImageError: a picture cannot be read, or is too small for one of the metrics.
    """
    protocol, scale = opened.protocol, opened.session.spec.scale
    found = measure_pictures(plan.pictures, opened.session, plan.metrics, protocol, plan.workers)
    result = SetResult(opened.name, scale, plan.name, protocol, found)
    drawn = plan.drawn or plan.pictures[: plan.shown]
    others = measure_pictures(plan.drawn, opened.session, {"psnr": METRICS["psnr"]}, protocol)
    rows = {}
    for path in drawn:
        picture = read_picture(path)
        color = picture.repeat(3, axis=2) if picture.shape[2] == 1 else picture
        rows[path.stem] = compare(color, opened.session, protocol)
    return Subject(opened, curve, result, rows, others)


def write(subjects: Sequence[Subject], plan: Plan, folder: Path) -> Path:
    """Write ``report.md`` and its PNG files to ``folder``, and return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / PAGE
    page.write_text("\n\n".join(_sections(subjects, plan, folder)) + "\n", encoding="utf-8")
    return page


def _sections(subjects: Sequence[Subject], plan: Plan, folder: Path) -> Iterator[str]:
    yield f"# {', '.join(each.name for each in subjects)}"
    yield f"Measured on {plan.name}, {len(plan.pictures)} pictures."
    yield "\n".join(f"- {each.name}: {each.opened.protocol.text()}" for each in subjects)
    figures.draw_psnr(subjects, folder / "psnr.png")
    yield f"## Networks\n\n{networks_table(subjects)}\n\n![PSNR](psnr.png)"
    yield _traits(subjects)
    if figures.draw_curves(subjects, folder / "curves.png"):
        yield f"## Training\n\n{runs_table(subjects)}\n\n![loss and PSNR](curves.png)"
        yield "Where a recipe changes its loss, the curve of the loss has a step."
    yield f"## Pictures\n\nPSNR in dB, bicubic -> network.\n\n{_each_picture(subjects)}"
    if len(subjects) > 1:
        draw_side_by_side(subjects, lambda _: plan.crop, folder / "side_by_side.png")
        yield "![all networks](side_by_side.png)"
    for subject in subjects:
        name = f"pictures_{subject.name}.png"
        draw_triples(subject, lambda _: plan.crop, folder / name)
        yield f"![LR, SR and HR of {subject.name}]({name})"
    figures.draw_histograms(subjects, folder / "histograms.png")
    yield "## Levels\n\n![histograms of SR and HR](histograms.png)"


def networks_table(subjects: Sequence[Subject]) -> str:
    """Figures as a source report has them, with the line of an acceptable result."""
    names = list(subjects[0].result.means)
    acceptable = f"at least {figures.ACCEPTABLE:g} dB"
    head = ("network", "scale", "parameters", *names, "bicubic psnr", acceptable)
    rows = []
    for each in sorted(subjects, key=lambda each: -each.result.means["psnr"]):
        means, bicubic = each.result.means, each.result.bicubic_means["psnr"]
        count = f"{each.opened.parameters / 1e3:.0f} K"
        values = (text_of(name, value) for name, value in means.items())
        reached = "yes" if means["psnr"] >= figures.ACCEPTABLE else "no"
        base = text_of("psnr", bicubic)
        rows.append((each.name, f"x{each.result.scale}", count, *values, base, reached))
    return markdown(head, rows)


def _traits(subjects: Sequence[Subject]) -> str:
    rows = [
        (each.name, each.about.strengths, each.about.limits)
        if each.about
        else (each.name, "-", "-")
        for each in subjects
    ]
    return markdown(("network", "strengths", "limits"), rows)


def runs_table(subjects: Sequence[Subject]) -> str:
    """What each run reached; its best iteration by the monitored PSNR."""
    rows = []
    for each in subjects:
        if each.curve:
            steps, psnr = each.curve["iteration"], each.curve["monitor_psnr"]
            best = max(range(len(psnr)), key=psnr.__getitem__)
            last = f"{each.curve['loss'][-1]:.3g}"
            rows.append(
                (each.name, f"{steps[-1]:.0f}", last, f"{psnr[best]:.3f}", f"{steps[best]:.0f}")
            )
    return markdown(("network", "iterations", "last loss", "best PSNR (dB)", "at iteration"), rows)


def _each_picture(subjects: Sequence[Subject]) -> str:
    names = [each.picture for each in subjects[0].result.pictures]
    rows = [
        (name, *("{:.2f} -> {:.2f}".format(*decibels(each, name)) for each in subjects))
        for name in names
    ]
    return markdown(("picture", *(each.name for each in subjects)), rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
