import json

import pytest

from sr_batch.core.geometry import Size
from sr_batch.core.results import (
    Done,
    Failed,
    JobResult,
    NotRun,
    Skipped,
    exit_code,
    one_line,
    to_json,
)

DONE = Done(
    input="a.jpg",
    output="out/a.jpg",
    seconds=1.23456,
    input_size=Size(3, 2),
    output_size=Size(6, 4),
    model="edsr",
    scale=2.0,
    provider="CPUExecutionProvider",
    notes=("16 bit is written as 8",),
    precision="int8",
)
SKIPPED = Skipped("b.jpg", "out/b.jpg", "already done")
FAILED = Failed("c.jpg", None, "c.jpg: is empty")
NOT_RUN = NotRun("d.jpg", "out/d.jpg", "the run was stopped")


def test_record_of_a_done_image_says_what_was_made() -> None:
    assert to_json(DONE) == {
        "input": "a.jpg",
        "status": "done",
        "output": "out/a.jpg",
        "error": None,
        "seconds": 1.235,
        "input_size": [3, 2],
        "output_size": [6, 4],
        "model": "edsr",
        "scale": 2.0,
        "provider": "CPUExecutionProvider",
        "precision": "int8",
        "notes": ["16 bit is written as 8"],
    }


@pytest.mark.parametrize("result", [SKIPPED, FAILED, NOT_RUN])
def test_every_record_has_the_same_keys(result: JobResult) -> None:
    assert list(to_json(result)) == list(to_json(DONE))


def test_record_says_why_nothing_was_made() -> None:
    assert to_json(FAILED)["error"] == "c.jpg: is empty"
    assert to_json(FAILED)["notes"] == []
    assert to_json(SKIPPED)["notes"] == ["already done"]
    assert to_json(NOT_RUN)["notes"] == ["the run was stopped"]


def test_record_of_a_hostile_name_survives_json() -> None:
    name = 'a\n\udcff".jpg'
    text = json.dumps(to_json(Failed(name, None, "")))
    assert "\n" not in text
    assert json.loads(text)["input"] == name


@pytest.mark.parametrize(
    ("results", "code"),
    [([], 0), ([DONE, SKIPPED], 0), ([DONE, FAILED, DONE], 3), ([NOT_RUN], 0)],
)
def test_exit_code_is_3_as_soon_as_one_input_failed(results: list[JobResult], code: int) -> None:
    assert exit_code(results) == code


def test_one_line_escapes_what_breaks_a_line_or_steers_a_terminal() -> None:
    shown = one_line("a\nb\x1b[31m\udcff é 写真.jpg")
    assert shown == "a\\nb\\x1b[31m\\udcff é 写真.jpg"
    assert shown.encode() and shown.isprintable()
