"""Measures, looks for what is wrong, and compares with a baseline: the whole of a bench."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sr_batch.bench.compare import faults, least_speed, losses
from sr_batch.bench.complete import gaps, row_gaps
from sr_batch.bench.model_bench import Loss, Setting, measure
from sr_batch.bench.report import Report, here
from sr_batch.bench.row import Row
from sr_batch.core.errors import UsageError
from sr_batch.inference.model_catalog import ModelFile


@dataclass(frozen=True)
class Choice:
    """Which networks to measure.

    Attributes:
        models: Exported files.
        all: Whether these are all there are.
    """

    models: Sequence[ModelFile]
    all: bool


def examine(choice: Choice, setting: Setting, before: Report | None) -> Iterator[Row | Loss]:
    """Rows as they are measured, and everything that is wrong with them or was lost.

    Args:
        choice: Which networks.
        setting: How to measure.
        before: To compare with.

    Raises:
        UsageError: ``before`` is of other pictures, or of another device.
        DeviceUnavailable: the device cannot be had.
    """
    for model in choice.models:
        yield from (Loss(model.path.stem, what) for what in gaps(model))
    old = _comparable(before, here(setting.device)) if before else {}
    if before:
        require_comparable(before, setting)
        known = old if choice.all else old.keys() & {each.path.stem for each in choice.models}
        yield from (Loss(name, what) for name, what in row_gaps(choice.models, known))
    least = {name: least_speed(row) for name, row in old.items()}
    for found in measure(choice.models, setting, least):
        yield found
        if isinstance(found, Row):
            yield from (Loss(found.name, what) for what in _wrong(found, old))


def _comparable(before: Report, now: Mapping[str, str]) -> Mapping[str, Row]:
    """The rows of ``before``, with the speeds of this kind of processor."""
    speeds = before.speeds.get(now["processor"], {})
    return _with_speeds(before.rows, speeds)


def _with_speeds(rows: Mapping[str, Row], speeds: Mapping[str, float]) -> dict[str, Row]:
    """``rows`` with these; nothing is slower than what is not known."""
    return {name: replace(row, speed=speeds.get(name, 0.0)) for name, row in rows.items()}


def _wrong(row: Row, old: Mapping[str, Row]) -> Iterator[str]:
    wrong = [*faults(row)]
    yield from wrong
    if not wrong and row.name in old:
        yield from losses(row, old[row.name])


def report(rows: Sequence[Row], setting: Setting) -> Report:
    """Of what was measured in this run."""
    sets = {each.name: each.digest for each in setting.sets}
    return Report(here(setting.device), sets, {row.name: row for row in rows})


def updated(before: Report | None, new: Report, choice: Choice, setting: Setting) -> Report:
    """``new``, with the rows of ``before`` for networks that were not measured now.

    Speeds stay with their processor: where another one than that of ``before`` measured some
    networks, theirs stand beside the rows.

    Raises:
        UsageError: those are of other pictures, or of another device.
    """
    if before is None or (before.where.get("device") != setting.device and choice.all):
        return new
    if choice.all:
        return _merged(before, new, new.where, new.rows)
    require_comparable(before, setting)
    if set(before.sets) != set(new.sets):
        raise UsageError(f"the baseline knows {_listed(before.sets)}, not {_listed(new.sets)}")
    same = before.where["processor"] == new.where["processor"]
    rows = {**before.rows, **new.rows}
    return _merged(before, new, new.where if same else before.where, rows)


def _merged(
    before: Report, new: Report, where: Mapping[str, str], rows: Mapping[str, Row]
) -> Report:
    """``rows``, measured in ``where``, with all speeds that both reports know of them."""
    here, speeds = new.where["processor"], before.speeds
    speeds[here] = {**speeds.get(here, {}), **new.speeds[here]}
    speeds = {each: _of(rows, known) for each, known in speeds.items()}
    own = speeds.pop(where["processor"])
    return Report(where, new.sets, _with_speeds(rows, own), speeds)


def _of(rows: Mapping[str, Row], speeds: Mapping[str, float]) -> dict[str, float]:
    return {name: speed for name, speed in speeds.items() if name in rows}


def require_comparable(before: Report, setting: Setting) -> None:
    """Raise UsageError unless ``before`` was measured on some of the same pictures and so on."""
    if before.where.get("device") != setting.device:
        raise UsageError(
            f"--device {setting.device}: the baseline is of {before.where.get('device')}"
        )
    now = {each.name: each.digest for each in setting.sets}
    common = now.keys() & before.sets.keys()
    changed = [name for name in sorted(common) if now[name] != before.sets[name]]
    if changed or not common:
        raise UsageError(
            f"the baseline was measured on other pictures than {_listed(changed or now)};"
            " measure all networks again: --update"
        )


def _listed(names: Sequence[str] | Mapping[str, str]) -> str:
    return ", ".join(names)
