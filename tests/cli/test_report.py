"""Lines of a run: the report file, and notes."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sr_batch.batch.engine import run
from sr_batch.batch.forecast import RunEstimate
from sr_batch.batch.planning import plan_jobs
from sr_batch.cli.progress import Bar
from sr_batch.cli.report import Report
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done
from sr_batch.core.shard import Shard
from tests.cli.conftest import Photo, Tool
from tests.fakes import FakeUpscaler

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


@pytest.mark.parametrize(
    ("file", "why"), [("new/x.jsonl", "No such file or directory"), (".", "Is a directory")]
)
def test_a_report_that_cannot_be_written_is_refused_in_plain_words(
    file: str, why: str, tool: Tool, photo: Photo
) -> None:
    photo("a.png")
    run = tool("upscale", "a.png", *ESPCN, "--report", file)
    assert run.code == 2
    assert run.err == f"sr-batch: --report {file}: it cannot be written: {why}\n"


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
        report.add(replace(done("a.jpg"), model="photo", choice="a JPEG of quality 92"))
        report.add(replace(done("b.jpg"), model="balanced", choice="clean"))
        report.finish(0)
    assert capsys.readouterr().err.splitlines()[:-1] == [
        "a.jpg -> out: 1x1 -> 2x2 in 1.0 s by photo (a JPEG of quality 92)",
        "b.jpg -> out: 1x1 -> 2x2 in 1.0 s by balanced (clean)",
    ]


@pytest.fixture
def show_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Report]:
    """Runs the folder ``in``, of which two inputs are planned before the work."""
    monkeypatch.chdir(tmp_path)

    def show(as_json: bool = False, stopped: bool = False, counted: bool = True) -> Report:
        options, upscaler, stop = UpscaleOptions(), FakeUpscaler(), threading.Event()
        plan = plan_jobs(["in"], None, options, upscaler.model, claim=True, window=1)
        assert plan.rest
        if stopped:
            stop.set()
        if counted:
            plan.rest._count(threading.Event())
        follower = RunEstimate(plan.jobs, upscaler, options, rest=plan.rest)
        with Report(as_json, with_progress=as_json) as report:
            report.begin(plan)
            report.expect(follower.estimate, follower.ended)
            for result in run(*(plan, upscaler, options, report.progress, stop), follower=follower):
                report.add(result)
            report.finish(report.exit_code)
        return report

    return show


def test_sums_up_a_run_whose_inputs_were_not_known(
    show_run: Callable[..., Report], photo: Photo, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        photo(f"in/{number}.png")
    show_run()
    assert capsys.readouterr().err.startswith("5 images: 5 done in ")
    photo("in/3.png").write_bytes(b"x")
    report = show_run()
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].startswith("failed: in/3.png: ")
    assert shown[1].startswith("5 images: 4 skipped (already done), 1 failed in ")
    assert report.exit_code == 3


def test_names_the_only_folder_and_the_progress_of_a_run_whose_inputs_were_not_known(
    show_run: Callable[..., Report], photo: Photo, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        photo(f"in/{number}.png")
    show_run(as_json=True)
    out, err = capsys.readouterr()
    assert err.rstrip().endswith(" -> in_sr")
    shares = [line["progress"] for line in map(json.loads, out.splitlines()) if "progress" in line]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 1


def test_a_run_that_is_stopped_says_that_not_all_inputs_were_found(
    show_run: Callable[..., Report], photo: Photo, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        photo(f"in/{number}.png")
    show_run(stopped=True)
    first, last = capsys.readouterr().err.splitlines()
    assert (
        first == "note: the run ended before all inputs were found; the sums count those that were"
    )
    assert last.startswith("2 images: 2 not run in ")


def test_the_bar_marks_a_number_of_files_that_may_grow() -> None:
    bar = Bar()
    bar.show(2, 5, all_found=False)
    assert bar._progress.tasks[0].fields["files"] == "5+"
    bar.show(2, 7, all_found=True)
    assert bar._progress.tasks[0].fields["files"] == "7"
    bar.close()


def test_a_shard_takes_its_part_of_a_folder(tool: Tool, photo: Photo, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(4)]
    for name in names:
        photo(f"in/{name}")
    assert tool("upscale", "in", *ESPCN, "--shard", "2/2").code == 0
    made = {path.name for path in (tmp_path / "in_sr").glob("*.png")}
    assert made == {name for name in names if Shard(1, 2).takes(name)}
    assert 0 < len(made) < 4
