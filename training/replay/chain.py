"""Replays a report: trains its recipes, and measures them beside the best exported network."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sr_batch.core.errors import UsageError
from training.evaluate.contact_sheet import EXAMPLES
from training.evaluate.measured import SetResult, measure_pictures
from training.evaluate.metrics import chosen
from training.evaluate.protocol import Protocol, protocol_of
from training.recipes import RECIPES
from training.recipes.recipe import Recipe, differences, settled_as
from training.replay.description import Report, exported_of, pictures_of
from training.replay.gathering import Material, all_pictures, few_pictures
from training.replay.plans import Extent, plan_of
from training.report.page import Plan, measure
from training.report.subject import Subject, read_curve
from training.run import record as records_of_runs
from training.run.networks import open_network
from training.run.places import Places
from training.run.record import Record, find_record
from training.run.run_data import run_data
from training.run.setting import Setting
from training.run.start import carry_out


@dataclass(frozen=True)
class Outcome:
    """What a replay found.

    Attributes:
        report: What was replayed.
        extent: How much of it.
        material: The pictures.
        records: Recipe -> what ran.
        subjects: The networks of the report, then the exported ones of the same kinds, then the
            best exported one.
        on_bicubic: The figures of the best one on bicubic LR, if the report has other LR.
    """

    report: Report
    extent: Extent
    material: Material
    records: Mapping[str, Record]
    subjects: Sequence[Subject]
    on_bicubic: SetResult | None

    @property
    def best(self) -> Subject:
        """The best exported network."""
        return self.subjects[-1]

    @property
    def replayed(self) -> Sequence[Subject]:
        """The networks of the report."""
        return self.subjects[: len(self.report.recipes)]


def replay(report: Report, places: Places, exported: Path, extent: Extent) -> Outcome:
    """Replay ``report``: train its recipes in ``places.runs``, and measure them.

    A short run leaves nothing there.

    Raises:
        UsageError: an exported network is missing, or a run folder has another run.
        FileNotFoundError: image sets are missing.
        TooSmall: no picture is large enough.
    """
    files = [exported / f"{name}.onnx" for name in exported_of(report)]
    for file in files:
        if not file.is_file():
            raise UsageError(
                f"{file}: does not exist; --exported names the folder of the ONNX files"
            )
    with _runs_of(report, places, extent) as runs:
        material = _material(report, places.data, runs, extent)
        own = Places(material.folder, runs, places.kept)
        records = {
            name: _trained(plan_of(name, report, material.data, extent), name, own, extent)
            for name in report.recipes
        }
        subjects, on_bicubic = _judged(report, material, files, own, drawn_in(extent))
    return Outcome(report, extent, material, records, subjects, on_bicubic)


@contextmanager
def _runs_of(report: Report, places: Places, extent: Extent) -> Iterator[Path]:
    """The folder of the runs of ``report``; a temporary one for a short run."""
    if not extent.is_short:
        yield places.runs / f"replay-{report.letter.lower()}"
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _material(report: Report, data: Path, runs: Path, extent: Extent) -> Material:
    choice = pictures_of(report, data)
    if extent.is_short:
        return few_pictures(choice, data, runs / "data")
    plan = RECIPES[report.recipes[0]]
    least = max(stage.patch for stage in plan.stages) * plan.scale
    return all_pictures(choice, data, plan.scale, least, extent.measured)


def _trained(plan: Recipe, name: str, places: Places, extent: Extent) -> Record:
    """Train ``plan``, or resume its run, and return what ran."""
    _require_same_run(plan, name, places)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder = places.runs / name
    carry_out(plan, Setting(folder, device, amp=False, monitor=(), every=extent.every), places)
    record = find_record(name, places.runs, places.kept)
    assert record is not None  # carry_out wrote it
    return record


def _require_same_run(plan: Recipe, name: str, places: Places) -> None:
    """Raises UsageError if the folder of the run holds one of other settings or pictures."""
    record = find_record(name, places.runs, places.kept)
    if record is None:
        return
    was = settled_as(record.recipe, plan)
    now = records_of_runs.pictures_of(run_data(plan, places.data), plan.scale)
    changed = [name for name in differences(was, plan) if name not in _length(plan)]
    changed += ["pictures"] if now != record.pictures else []
    if changed:
        raise UsageError(
            f"{places.runs / name}: holds a run with other {', '.join(changed)}; remove it, or"
            " name another folder with --runs"
        )


def _length(plan: Recipe) -> set[str]:
    """Fields that a longer run may change: a constant rate does not depend on the length."""
    if plan.schedule == "step" and not plan.drops:
        return {"iterations", "epochs"}
    return {"iterations"} if plan.epochs else set()


def _judged(
    report: Report,
    material: Material,
    files: Sequence[Path],
    places: Places,
    drawn: Sequence[Path],
) -> tuple[list[Subject], SetResult | None]:
    """All networks measured on the same LR, and the best one on bicubic LR if that is another."""
    metrics = chosen(report.metrics)
    plan = Plan(material.judged, "the measured pictures", metrics, drawn=drawn, workers=2)
    protocol = _protocol(report)
    subjects = []
    for text in (*(str(places.runs / name) for name in report.recipes), *map(str, files)):
        opened = replace(open_network(text, places), protocol=protocol)
        subjects.append(measure(opened, read_curve(text, places), plan))
    if protocol.degradation == "bicubic":
        return subjects, None
    best, bicubic = subjects[-1].opened, report.protocol
    found = measure_pictures(material.judged, best.session, metrics, bicubic, plan.workers)
    return subjects, SetResult(best.name, best.session.spec.scale, plan.name, bicubic, found)


def drawn_in(extent: Extent) -> Sequence[Path]:
    """The pictures of the figures: free ones, as the measured ones may not be redistributed.

    None for a short run, which draws its small measured ones.
    """
    return () if extent.is_short else EXAMPLES


def _protocol(report: Report) -> Protocol:
    """The protocol of ``report`` with the degradation of its recipes."""
    of_recipe = protocol_of(RECIPES[report.recipes[0]])
    return replace(report.protocol, degradation=of_recipe.degradation, sigma=of_recipe.sigma)
