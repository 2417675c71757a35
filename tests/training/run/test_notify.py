"""Messages about runs, which Apprise sends to a real HTTP server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from sr_batch.core.errors import UsageError
from training.run.notify import Notifier, results

# One of Apprise's plugins imports it on the Pythons that still have it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

METRICS = "iteration,loss,lr,monitor_psnr,monitor_ssim\n100,0.1,1e-3,20,0.8\n200,0.05,1e-4,30,0.9\n"


class Mailbox:
    """A server that takes ``json://`` messages."""

    def __init__(self) -> None:
        self.messages: list[dict[str, object]] = []
        messages = self.messages

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                messages.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    box = Mailbox()
    thread = threading.Thread(target=box.server.serve_forever, args=(0.05,))
    thread.start()
    yield box
    box.server.shutdown()
    thread.join()
    box.server.server_close()


def test_the_validation_loss_is_that_of_the_table(folder: Path) -> None:
    """Older tables have none, and give the mean squared error that belongs to the PSNR."""
    assert "validation loss 0.001 (PSNR-Y 30.000 dB" in results(folder)
    header, *rows = METRICS.splitlines()
    newer = [f"{header},validation_loss", *(f"{row},0.0123" for row in rows)]
    (folder / "metrics.csv").write_text("\n".join(newer))
    assert "validation loss 0.0123 (PSNR-Y 30.000 dB" in results(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run."""
    run = tmp_path / "mine"
    run.mkdir()
    (run / "metrics.csv").write_text(METRICS)
    Image.new("RGB", (8, 8)).save(run / "sheet.jpg")
    return run


@pytest.mark.parametrize("sheet", [False, True])
def test_tells_the_end_with_the_validation_loss(
    sheet: bool, folder: Path, mailbox: Mailbox
) -> None:
    Notifier([mailbox.url], sheet).ended(folder)
    (message,) = mailbox.messages
    assert message["title"] == "mine: training has ended"
    assert message["message"] == (
        "Iteration 200: training loss 0.05, validation loss 0.001 (PSNR-Y 30.000 dB, SSIM 0.9000)"
    )
    attached = message["attachments"]
    assert isinstance(attached, list)
    assert [each["filename"] for each in attached] == ["sheet.jpg"] * sheet


def test_tells_why_a_run_stopped(folder: Path, mailbox: Mailbox) -> None:
    Notifier([mailbox.url]).failed(folder, ValueError("the loss became nan"))
    (message,) = mailbox.messages
    assert (message["title"], message["message"]) == (
        "mine: training has stopped",
        "the loss became nan",
    )


def test_a_lost_message_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Notifier(["json://127.0.0.1:9/"]).ended(folder)
    assert capsys.readouterr().out == ("--notify: a message could not be delivered to every URL\n")


def test_an_unknown_service_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError, match="does not support URL number 2") as refusal:
        Notifier(["json://127.0.0.1:9/", "nothing://secret"])
    assert "secret" not in str(refusal.value)


def test_without_urls_nothing_is_sent(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Notifier([]).ended(folder)
    assert capsys.readouterr().out == ""
