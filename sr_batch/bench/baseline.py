"""Measures networks, checks them against a baseline, and updates the baseline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sr_batch.bench.completeness import gaps, row_gaps
from sr_batch.bench.measurement import Measurement
from sr_batch.bench.model_bench import BenchSetting, Problem, measure
from sr_batch.bench.regressions import least_speed, regressions, violations
from sr_batch.bench.report import Report, here
from sr_batch.core.errors import UsageError
from sr_batch.inference.model_catalog import ModelFile


@dataclass(frozen=True)
class Selection:
    """The networks to measure.

    Attributes:
        models: Exported files.
        all: Whether these are all exported files.
    """

    models: Sequence[ModelFile]
    all: bool


def examine(
    selection: Selection, setting: BenchSetting, before: Report | None
) -> Iterator[Measurement | Problem]:
    """Yield a measurement for each network as soon as it is known, and every problem found.

    Args:
        selection: The networks to measure.
        setting: How to measure them.
        before: The baseline; None compares with nothing.

    Raises:
        UsageError: ``before`` was measured on other pictures, or on another device.
        DeviceUnavailable: the device cannot run here.
    """
    for model in selection.models:
        yield from (Problem(model.path.stem, what) for what in gaps(model))
    old = _comparable(before, here(setting.device)) if before else {}
    if before:
        require_comparable(before, setting)
        known = old if selection.all else old.keys() & {each.path.stem for each in selection.models}
        yield from (Problem(name, what) for name, what in row_gaps(selection.models, known))
    least = {name: least_speed(row) for name, row in old.items()}
    for found in measure(selection.models, setting, least):
        yield found
        if isinstance(found, Measurement):
            yield from (Problem(found.name, what) for what in _wrong(found, old))


def _comparable(before: Report, now: Mapping[str, str]) -> Mapping[str, Measurement]:
    """The rows of ``before``, with the speeds measured on this kind of processor."""
    speeds = before.speeds.get(now["processor"], {})
    return _with_speeds(before.rows, speeds)


def _with_speeds(
    rows: Mapping[str, Measurement], speeds: Mapping[str, float]
) -> dict[str, Measurement]:
    """``rows`` with the given speeds; 0, which nothing is slower than, if a speed is unknown."""
    return {name: replace(row, speed=speeds.get(name, 0.0)) for name, row in rows.items()}


def _wrong(row: Measurement, old: Mapping[str, Measurement]) -> Iterator[str]:
    wrong = [*violations(row)]
    yield from wrong
    if not wrong and row.name in old:
        yield from regressions(row, old[row.name])


def report(rows: Sequence[Measurement], setting: BenchSetting) -> Report:
    """The report of this run."""
    sets = {each.name: each.digest for each in setting.sets}
    return Report(here(setting.device), sets, {row.name: row for row in rows})


def updated(
    before: Report | None, new: Report, selection: Selection, setting: BenchSetting
) -> Report:
    """``new``, with the rows of ``before`` for networks that were not measured now.

    Speeds belong to a processor. If some networks were measured on another processor than that of
    ``before``, their speeds go to ``Report.elsewhere``.

    Raises:
        UsageError: ``before`` was measured on other pictures, or on another device.
    """
    if before is None or (before.where.get("device") != setting.device and selection.all):
        return new
    if selection.all:
        return _merged(before, new, new.where, new.rows)
    require_comparable(before, setting)
    if set(before.sets) != set(new.sets):
        raise UsageError(
            f"the baseline has the sets {_listed(before.sets)}, not {_listed(new.sets)}"
        )
    same = before.where["processor"] == new.where["processor"]
    rows = {**before.rows, **new.rows}
    return _merged(before, new, new.where if same else before.where, rows)


def _merged(
    before: Report, new: Report, where: Mapping[str, str], rows: Mapping[str, Measurement]
) -> Report:
    """A report of ``rows``, measured in ``where``, with the speeds of both reports."""
    here, speeds = new.where["processor"], before.speeds
    speeds[here] = {**speeds.get(here, {}), **new.speeds[here]}
    speeds = {each: _of(rows, known) for each, known in speeds.items()}
    own = speeds.pop(where["processor"])
    return Report(where, new.sets, _with_speeds(rows, own), speeds)


def _of(rows: Mapping[str, Measurement], speeds: Mapping[str, float]) -> dict[str, float]:
    return {name: speed for name, speed in speeds.items() if name in rows}


def require_comparable(before: Report, setting: BenchSetting) -> None:
    """Raise UsageError unless ``before`` has the same device and some of the same pictures."""
    if before.where.get("device") != setting.device:
        raise UsageError(
            f"--device {setting.device}: the baseline was measured on {before.where.get('device')}"
        )
    now = {each.name: each.digest for each in setting.sets}
    common = now.keys() & before.sets.keys()
    changed = [name for name in sorted(common) if now[name] != before.sets[name]]
    if changed or not common:
        raise UsageError(
            f"the baseline was measured on other pictures than {_listed(changed or now)};"
            " to measure all networks again: --update"
        )


def _listed(names: Sequence[str] | Mapping[str, str]) -> str:
    return ", ".join(names)
