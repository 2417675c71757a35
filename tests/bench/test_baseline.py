from collections.abc import Mapping
from dataclasses import replace

import pytest

from sr_batch.bench.baseline import Selection, updated
from sr_batch.bench.model_bench import BenchSetting
from sr_batch.bench.pictures import PictureSet
from sr_batch.bench.report import Report, here
from sr_batch.core.errors import UsageError
from tests.bench.measurements import ROW

SETTING = BenchSetting([PictureSet("photos", (), "0123")], "cpu", 1, 1)
SOME, ALL = Selection((), False), Selection((), True)


def report(processor: str, **speeds: float) -> Report:
    where = here("cpu") | {"processor": processor}
    rows = {name: replace(ROW, name=name, speed=speed) for name, speed in speeds.items()}
    return Report(where, {"photos": "0123"}, rows)


def own_speeds(found: Report) -> Mapping[str, float]:
    return {name: row.speed for name, row in found.rows.items()}


def test_without_a_baseline_the_new_report_is_kept() -> None:
    new = report("one", a=0.5)
    assert updated(None, new, SOME, SETTING) is new


def test_the_same_processor_replaces_its_own_speeds() -> None:
    found = updated(report("one", a=0.5, b=0.6), report("one", b=0.7, c=0.8), SOME, SETTING)
    assert own_speeds(found) == {"a": 0.5, "b": 0.7, "c": 0.8}
    assert found.elsewhere == {}


def test_another_processor_adds_its_speeds_and_removes_none() -> None:
    first = updated(report("one", a=0.5, b=0.6), report("two", b=1.7, c=1.8), SOME, SETTING)
    assert first.where["processor"] == "one"
    assert own_speeds(first) == {"a": 0.5, "b": 0.6, "c": 0.0}
    assert first.elsewhere == {"two": {"b": 1.7, "c": 1.8}}
    second = updated(first, report("one", c=0.9), SOME, SETTING)
    assert own_speeds(second) == {"a": 0.5, "b": 0.6, "c": 0.9}
    assert second.elsewhere == first.elsewhere


def test_measuring_all_on_another_processor_replaces_the_rows() -> None:
    before = updated(report("one", a=0.5, b=0.6), report("two", b=1.7), SOME, SETTING)
    found = updated(before, report("two", a=1.5, c=1.8), ALL, SETTING)
    assert found.where["processor"] == "two"
    assert own_speeds(found) == {"a": 1.5, "c": 1.8}
    assert found.elsewhere == {"one": {"a": 0.5}}


def test_measurements_of_another_device_are_not_kept() -> None:
    before = report("one", a=0.5)
    before = replace(before, where={**before.where, "device": "cuda"})
    new = report("one", a=0.7)
    assert updated(before, new, ALL, SETTING) is new
    with pytest.raises(UsageError, match="the baseline was measured on cuda"):
        updated(before, new, SOME, SETTING)


def test_refuses_to_keep_sets_that_were_not_measured_again() -> None:
    before = replace(report("one", a=0.5), sets={"photos": "0123", "more": "4567"})
    with pytest.raises(UsageError, match="the baseline has the sets photos, more, not photos"):
        updated(before, report("one", a=0.7), SOME, SETTING)
