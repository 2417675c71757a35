"""Health and metrics over real HTTP."""

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
from sr_batch.core.installing import pip
from sr_batch.core.results import Failed
from sr_batch.watch.metrics_server import HOST, STALE, MetricsServer
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
    """The values on ``/metrics`` by name and labels, read by Prometheus's own parser."""
    status, text = get(port, "/metrics")
    assert status == 200
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def port_of(watch: Watching) -> int:
    def ports() -> list[str]:
        return [
            port for event in watch.events for port in re.findall(r"127.0.0.1:(\d+)", str(event))
        ]

    watch.wait(lambda: bool(ports()))
    return int(ports()[0])


def test_serves_the_metrics_of_a_running_watch(
    tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    save_picture(tmp_path / "in/a.png", size=(10, 8))
    save_picture(tmp_path / "in/b.png", 1, size=(10, 8))
    (tmp_path / "in/bad.jpg").write_text("text")
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
    assert get(port, "/") == (404, "not found: ask for /healthz or /metrics\n")
    watch.process.send_signal(signal.SIGHUP)
    watch.wait(lambda: f"sr_batch_waiting_files {tmp_path / 'in'}" in figures(port))
    assert get(port, "/healthz")[0] == 200
    watch.end()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((HOST, port)).close()


def test_is_unhealthy_without_progress() -> None:
    seconds = [0.0]
    with MetricsServer(0, lambda: seconds[0]) as server:
        server.look(Path("in"), 0)
        seconds[0] += STALE
        assert get(server.port, "/healthz")[0] == 200
        seconds[0] += 1
        assert get(server.port, "/healthz") == (503, "no progress for 121 s\n")
        server.alive()  # a tile is done: a whole image may take longer than the limit
        assert get(server.port, "/healthz")[0] == 200
        assert figures(server.port)["sr_batch_last_look_age_seconds"] == STALE + 1


def test_counters_start_at_zero() -> None:
    with MetricsServer(0) as server:
        assert figures(server.port)["sr_batch_files_total failed"] == 0
        server.add(Failed("a.png", None, "damaged"))
        assert figures(server.port)["sr_batch_files_total failed"] == 1


def test_the_documentation_names_every_metric() -> None:
    text = (ROOT / "docs" / "watch.md").read_text()
    named = {*re.findall(r"^\| `(sr_batch_\w+)", text, re.M)}
    with MetricsServer(0) as server:
        server.look(Path("in"), 0)
        found = {name.split()[0] for name in figures(server.port)}
    metrics = {name for name in found if name.startswith("sr_batch_")}
    assert named == {name for name in metrics if not name.endswith("_created")}


def test_listens_on_the_loopback_interface_only() -> None:
    with MetricsServer(0) as server, socket.socket() as other:
        other.bind(("127.0.0.2", server.port))  # fails if the server listens on every address


def test_a_port_that_is_not_available_is_one_line() -> None:
    with MetricsServer(0) as server, pytest.raises(UsageError, match="in use; choose another port"):
        MetricsServer(server.port)
    with pytest.raises(UsageError, match=r"--serve 70000: .*choose another port"):
        MetricsServer(70000)


@pytest.mark.parametrize(
    ("module", "flag", "needs"),
    [
        (
            "prometheus_client",
            ("--serve", "0"),
            f"prometheus-client: {pip('install', 'prometheus-client')}",
        ),
        (
            "apprise",
            ("--notify", "json://127.0.0.1"),
            f"Apprise: {pip('install', 'apprise')}",
        ),
    ],
)
def test_a_missing_library_is_one_line_that_says_how_to_install_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    flag: tuple[str, str],
    needs: str,
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing" / f"{module}.py").write_text("raise ModuleNotFoundError")
    path = os.pathsep.join((str(tmp_path / "missing"), str(ROOT)))
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", path)
    run = finish(start("watch", "in", "-o", "out", *SMALL, *flag, cwd=tmp_path))
    assert run.code == 2
    assert run.err == f"sr-batch: {flag[0]} needs {needs}\n"
