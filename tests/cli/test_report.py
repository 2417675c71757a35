"""Lines of a run: the report file, and notes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sr_batch.cli.report import Report
from sr_batch.core.geometry import Size
from sr_batch.core.results import Done
from tests.cli.conftest import Photo, Tool

ESPCN = ("--model", "espcn")


def test_writes_the_report_beside_the_lines_for_people(
    tool: Tool, photo: Photo, tmp_path: Path
) -> None:
    photo("in/a.png")
    photo("in/b.png")
    for status in ("done", "skipped"):
        run = tool("upscale", "in", *ESPCN, "--report", "run.jsonl")
        assert (run.code, run.out) == (0, b"")
        assert "2 images" in run.err
        *results, last = map(json.loads, (tmp_path / "run.jsonl").read_text().splitlines())
        assert [result["status"] for result in results] == [status, status]
        assert last["planned"] == 2


def test_a_report_never_replaces_another_file(tool: Tool, photo: Photo) -> None:
    before = photo("a.png").read_bytes()
    mine = photo("b.png")
    run = tool("upscale", "a.png", *ESPCN, "--report", "b.png")
    assert run.code == 2
    assert "--report b.png: it exists and is not a report" in run.err
    assert mine.read_bytes() != b""
    assert photo("a.png").read_bytes() == before


def test_a_report_on_a_full_disk_ends_the_run_in_one_line(tool: Tool, photo: Photo) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", *ESPCN, "-q", "--report", "/dev/full")
    assert run.code == 1
    assert run.err == "stopped: --report /dev/full is not written: No space left on device\n"


def done(name: str, *notes: str) -> Done:
    return Done(name, "out", 1.0, Size(1, 1), Size(2, 2), "espcn", 2, "CPU", notes)


def test_a_note_names_its_file_and_the_rest_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with Report(as_json=False) as report:
        report._planned = 5
        for number in range(5):
            report.add(done(f"{number}.gif", "a comment was dropped"))
        report.finish(0)
    assert capsys.readouterr().err.splitlines()[:-1] == [
        "note: 0.gif: a comment was dropped",
        "note: 1.gif: a comment was dropped",
        "note: 2.gif: a comment was dropped",
        "note: 2 more (-v names them): a comment was dropped",
    ]


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (["photo"], ["note: enlarged by photo: clean"]),
        (
            ["photo", "balanced", "photo"],
            ["note: enlarged by photo: 2 pictures, by balanced: 1 (-v says why for each)"],
        ),
    ],
)
def test_networks_that_were_chosen_are_summed_up_in_one_line(
    models: list[str], said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with Report(as_json=False) as report:
        report._planned = len(models)
        for model in models:
            report.add(replace(done("a.jpg"), model=model, choice="clean"))
        report.finish(0)
    assert capsys.readouterr().err.splitlines()[:-1] == said


def test_with_v_each_picture_says_why_its_network_was_chosen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Report(as_json=False, volume=1) as report:
        report.add(replace(done("a.jpg"), model="photo", choice="JPEG quality 92"))
        report.add(replace(done("b.jpg"), model="balanced", choice="clean"))
        report.finish(0)
    assert capsys.readouterr().err.splitlines()[:-1] == [
        "a.jpg -> out: 1x1 -> 2x2 in 1.0 s by photo (JPEG quality 92)",
        "b.jpg -> out: 1x1 -> 2x2 in 1.0 s by balanced (clean)",
    ]
