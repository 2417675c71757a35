import json
from pathlib import Path

import pytest

from sr_batch.cli import watch_log
from sr_batch.cli.watch_log import WatchLog
from sr_batch.core.geometry import Size
from sr_batch.core.results import Done, Failed, Skipped

DONE = Done("a.png", "out/a.png", 0.25, Size(4, 3), Size(8, 6), "edsr", 2, "cpu")
FAILED = Failed("b.png", None, "b.png: damaged\n")
SKIPPED = Skipped("c.png", "out/c.png", "already done")

Captured = pytest.CaptureFixture[str]


def lines(capsys: Captured) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_repeats_a_line_only_after_ten_minutes(capsys: Captured) -> None:
    seconds = [0.0]
    log = WatchLog(as_json=False, clock=lambda: seconds[0])
    for second in (0, 1, 599, 600, 601):
        seconds[0] = second
        log.say("the disk is full", "stopped: ")
    assert lines(capsys) == ["stopped: the disk is full"] * 2


def test_remembers_ten_minutes_of_lines(capsys: Captured) -> None:
    seconds = [0.0]
    log = WatchLog(as_json=False, clock=lambda: seconds[0])
    for number in range(5000):
        log.say(f"line {number}")
        seconds[0] += 1
    assert len(log._said) == 600
    assert len(lines(capsys)) == 5000


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        (-1, ["failed: b.png: damaged\\n", "failed: it is full"]),
        (
            0,
            [
                "a.png -> out/a.png: 4x3 -> 8x6 in 0.2 s",
                "failed: b.png: damaged\\n",
                "note: hm",
                "failed: it is full",
            ],
        ),
        (
            1,
            [
                "a.png -> out/a.png: 4x3 -> 8x6 in 0.2 s",
                "failed: b.png: damaged\\n",
                "c.png: already done",
                "note: hm",
                "failed: it is full",
                "in/@eaDir: passed over; --no-ignore takes it",
            ],
        ),
    ],
)
def test_prints_as_much_as_the_volume_says(capsys: Captured, volume: int, said: list[str]) -> None:
    log = WatchLog(as_json=False, volume=volume)
    for result in (DONE, FAILED, SKIPPED):
        log.add(result)
    log.say("hm", "note: ")
    log.say("it is full", "failed: ")
    log.passed_over(Path("in/@eaDir"))
    assert lines(capsys) == said


@pytest.mark.parametrize("terminal", [False, True])
def test_says_at_the_start_what_is_watched(
    terminal: bool, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_log, "has_terminal", lambda: terminal)
    folders = [(Path("a"), Path("b")), (Path("c"), Path("d"))]
    WatchLog(as_json=False).begin(folders)
    WatchLog(as_json=False, volume=-1).begin(folders)
    WatchLog(as_json=True).begin(folders)
    end = ". Ctrl-C ends it." if terminal else ""
    assert capsys.readouterr() == (
        "",
        f"watching a; enlargements go to b\nwatching c; enlargements go to d{end}\n",
    )


def test_prints_an_object_per_event(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    log = WatchLog(as_json=True, volume=-1)
    for result in (DONE, FAILED, SKIPPED):
        log.add(result)
    log.say("it is full", "stopped: ")
    out, err = capsysbinary.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == ["result", "result", "result", "stopped"]
    assert [event.get("status") for event in events] == ["done", "failed", "skipped", None]
    assert events[3]["text"] == "it is full"
    assert all(event["time"].endswith("+00:00") for event in events)
    assert err == b""
