"""Health and metrics, asked for over real HTTP."""

import os
import re
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sr_batch.core.errors import UsageError
from sr_batch.core.results import Failed
from sr_batch.watch.serve import HOST, STALE, Served
from tests.cli.conftest import ENVIRONMENT, ROOT, finish, start
from tests.fakes import save_picture
from tests.watch.conftest import SMALL, Watching

Page = tuple[int, str]


def get(port: int, path: str) -> Page:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{HOST}:{port}{path}", timeout=20) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def figures(port: int) -> dict[str, float]:
    """Of ``/metrics``, by name and labels, read by Prometheus's own parser."""
    status, text = get(port, "/metrics")
    assert status == 200
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def port_of(watch: Watching) -> int:
    def told() -> list[str]:
        return [
            port for event in watch.events for port in re.findall(r"127.0.0.1:(\d+)", str(event))
        ]

    watch.wait(lambda: bool(told()))
    return int(told()[0])


def test_tells_of_a_watch_at_work(tmp_path: Path, watching: Callable[..., Watching]) -> None:
    save_picture(tmp_path / "in/a.png", size=(10, 8))
    save_picture(tmp_path / "in/b.png", 1, size=(10, 8))
    (tmp_path / "in/bad.jpg").write_text("words")
    watch = watching("--serve", "0")
    port = port_of(watch)
    assert get(port, "/healthz") == (200, "ok\n")
    watch.wait(lambda: len(watch.results()) == 3)
    watch.wait(lambda: figures(port)[f"sr_batch_waiting_files {tmp_path / 'in'}"] == 0)
    found = figures(port)
    assert found["sr_batch_files_total done"] == 2
    assert found["sr_batch_files_total failed"] == 1
    assert found["sr_batch_files_total skipped"] == 0
    assert found["sr_batch_input_pixels_total"] == 160
    assert 0 <= found["sr_batch_last_look_age_seconds"] < STALE
    assert found["process_resident_memory_bytes"] > 2**20
    assert get(port, "/") == (404, "there are /healthz and /metrics\n")
    watch.process.send_signal(signal.SIGHUP)
    watch.wait(lambda: f"sr_batch_waiting_files {tmp_path / 'in'}" in figures(port))
    assert get(port, "/healthz")[0] == 200
    watch.end()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((HOST, port)).close()


def test_is_no_longer_healthy_once_there_is_no_sign_of_life() -> None:
    seconds = [0.0]
    with Served(0, lambda: seconds[0]) as served:
        served.look(Path("in"), 0)
        seconds[0] += STALE
        assert get(served.port, "/healthz")[0] == 200
        seconds[0] += 1
        assert get(served.port, "/healthz") == (503, "no sign of life for 121 s\n")
        served.alive()  # a tile is done: one image may take longer than any limit
        assert get(served.port, "/healthz")[0] == 200
        assert figures(served.port)["sr_batch_last_look_age_seconds"] == STALE + 1


def test_counts_from_nothing() -> None:
    with Served(0) as served:
        assert figures(served.port)["sr_batch_files_total failed"] == 0
        served.add(Failed("a.png", None, "damaged"))
        assert figures(served.port)["sr_batch_files_total failed"] == 1


def test_the_page_for_operators_names_every_figure() -> None:
    text = (ROOT / "docs" / "watch.md").read_text()
    named = {*re.findall(r"^\| `(sr_batch_\w+)", text, re.M)}
    with Served(0) as served:
        served.look(Path("in"), 0)
        found = {name.split()[0] for name in figures(served.port)}
    ours = {name for name in found if name.startswith("sr_batch_")}
    assert named == {name for name in ours if not name.endswith("_created")}


def test_listens_on_this_machine_alone() -> None:
    with Served(0) as served, socket.socket() as other:
        other.bind(("127.0.0.2", served.port))  # would be taken if it listened everywhere


def test_a_port_that_cannot_be_had_is_one_line() -> None:
    with Served(0) as served, pytest.raises(UsageError, match="in use; choose another port"):
        Served(served.port)
    with pytest.raises(UsageError, match=r"--serve 70000: .*choose another port"):
        Served(70000)


@pytest.mark.parametrize(
    ("module", "flag", "extra"),
    [
        ("prometheus_client", ("--serve", "0"), "sr-batch[metrics]"),
        ("apprise", ("--notify", "json://127.0.0.1"), "sr-batch[notify]"),
    ],
)
def test_a_missing_library_is_one_line_with_the_remedy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    flag: tuple[str, str],
    extra: str,
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing" / f"{module}.py").write_text("raise ModuleNotFoundError")
    path = os.pathsep.join((str(tmp_path / "missing"), str(ROOT)))
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", path)
    run = finish(start("watch", "in", "-o", "out", *SMALL, *flag, cwd=tmp_path))
    assert run.code == 2
    assert run.err == f"sr-batch: {flag[0]} needs more: pip install '{extra}'\n"
