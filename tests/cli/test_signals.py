"""SIGINT and SIGTERM sent to a real process while it works."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT, Photo, Starter, Tool, finish, size_of

ESPCN = ("--model", "espcn")
COUNT = 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_whole_files_and_a_complete_report(
    started: Starter, tool: Tool, photo: Photo, tmp_path: Path, number: signal.Signals
) -> None:
    for index in range(COUNT):
        photo(f"photos/{index:03}.png", size=(128, 128))
    process = started("upscale", "photos", *ESPCN, "--json")
    assert process.stdout is not None
    first = process.stdout.readline()  # now it is working
    process.send_signal(number)
    run = finish(process)
    assert run.code == 128 + number
    assert run.summary["exit_code"] == run.code
    statuses = [json.loads(first)["status"]] + [result["status"] for result in run.results]
    assert len(statuses) == run.summary["planned"] == COUNT
    assert statuses.count("done") == run.summary["done"] > 0
    assert statuses.count("not_run") == run.summary["not_run"] > 0

    outputs = [p for p in (tmp_path / "photos_sr").rglob("*") if p.suffix == ".png"]
    assert len(outputs) == run.summary["done"]
    assert all(size_of(path) == (256, 256) for path in outputs)
    assert not list((tmp_path / "photos_sr").rglob("*.part"))

    again = tool("upscale", "photos", *ESPCN, "--json")
    assert again.code == 0
    assert again.summary["skipped"] == run.summary["done"]
    assert again.summary["done"] == run.summary["not_run"]


DEAF = """
import time
from sr_batch.cli.signals import stop_on_signals
with stop_on_signals():
    print("ready", flush=True)
    while True:
        time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_the_process_at_once(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DEAF],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.stdout.readline()
        process.send_signal(number)
        assert b"once more" in process.stderr.readline()
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == 128 + number
    finally:
        process.kill()
