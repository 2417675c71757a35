import json
from dataclasses import replace
from pathlib import Path

import pytest

from sr_batch.bench.measurement import from_json, to_json
from sr_batch.bench.quality import Judged, Score
from sr_batch.bench.report import Report, here, load_report, save_report
from sr_batch.bench.table import HEAD, cells, page
from sr_batch.core.errors import UsageError
from tests.bench.measurements import ROW

REPORT = Report(here("cpu"), {"photos": "0123"}, {ROW.name: ROW}, {"another": {ROW.name: 0.7}})


def test_a_report_survives_saving_and_loading(tmp_path: Path) -> None:
    save_report(tmp_path / "new" / "bench.json", REPORT)
    assert load_report(tmp_path / "new" / "bench.json") == REPORT


def test_infinite_and_unknown_values_survive() -> None:
    perfect = Judged(Score(30, 0.9), Score(float("inf"), 1.0))
    row = replace(ROW, quality={"photos": perfect}, memory=None, parity=float("nan"))
    again = from_json(json.loads(json.dumps(to_json(row))))
    assert again.quality == row.quality
    assert again.memory is None
    assert not again.parity <= 1


def test_describes_the_machine() -> None:
    where = here("cpu")
    assert where["runtime"].startswith("onnxruntime")
    assert all(where.values())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "--update"),
        ("", "not a report of sr-batch bench"),
        ("[]", "not a report of sr-batch bench"),
        ('{"schema": 0}', "schema is 0"),
        ('{"schema": 1, "networks": {"a": {}}}', "not a report of sr-batch bench"),
        ('{"schema": 1, "where": {}, "sets": {}, "networks": {}}', "processor"),
    ],
)
def test_refuses_a_file_that_is_not_a_report(
    content: str | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "b.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=words) as refused:
        load_report(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_the_table_has_a_line_for_each_set() -> None:
    row = replace(ROW, quality={**ROW.quality, "more": ROW.quality["photos"]})
    first, second = cells(row)
    assert len(first) == len(second) == len(HEAD)
    assert first[:2] == ("small_x2", "photos")
    assert "32.00 / 0.9500" in first
    assert "+2.00" in first
    assert second[:2] == ("", "more")
    assert set(second[6:]) == {""}


def test_the_page_lists_problems_and_shows_the_chart() -> None:
    text = page(REPORT, "bench.png", ["small_x2: speed: lost"])
    assert "- small_x2: speed: lost" in text
    assert "](bench.png)" in text
    assert "| small_x2 | photos |" in text
    assert "No problems" in page(REPORT, "bench.png", [])
