"""Notifications that Apprise sends to a real HTTP server."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sr_batch.core.errors import UsageError
from sr_batch.core.geometry import Size
from sr_batch.core.results import Done, Failed, Skipped
from sr_batch.watch.notify import PAUSE, Notifier
from tests.fakes import save_picture
from tests.watch.conftest import Watching

# One of Apprise's plugins imports it on the Pythons that still have it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

DONE = Done("a", "b", 1.0, Size(1, 1), Size(2, 2), "edsr", 2, "cpu")
FAILED = Failed("c", None, "c: damaged")


class Mailbox:
    """A server that takes ``json://`` messages."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
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
        self.url = f"json://user:secret@127.0.0.1:{self.server.server_port}/"

    @property
    def received(self) -> list[tuple[str, str]]:
        return [(message["title"], message["message"]) for message in self.messages]


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


def test_a_watch_reports_failures_and_the_end_of_the_work(
    tmp_path: Path, watching: Callable[..., Watching], mailbox: Mailbox
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/bad.jpg").write_text("text")
    watch = watching("--notify", mailbox.url)
    watch.wait(lambda: bool(mailbox.messages))
    ((title, message),) = mailbox.received
    assert title == "sr-batch: 0 done, 1 failed, 0 waiting"
    assert "bad.jpg: it is text" in message
    save_picture(tmp_path / "in/a.png")
    (tmp_path / "in/worse.jpg").write_text("text")
    watch.wait(lambda: len(watch.results()) == 3)
    assert len(mailbox.messages) == 1  # the next one waits, unless the watch ends
    watch.end()
    assert [title for title, _ in mailbox.received[1:]] == ["sr-batch: 1 done, 1 failed, 0 waiting"]
    assert "secret" not in str(watch.events)


def test_collects_five_minutes_in_one_message(mailbox: Mailbox) -> None:
    seconds = [0.0]
    with Notifier([mailbox.url], pytest.fail, lambda: seconds[0]) as notifier:
        for number in range(3 * int(PAUSE)):
            if number < 2 * PAUSE:
                notifier.add(Failed("c", None, f"c{number}: damaged"))
            notifier.look(Path("in"), 7)
            seconds[0] += 1
    assert [title for title, _ in mailbox.received] == [
        "sr-batch: 0 done, 1 failed, 7 waiting",
        f"sr-batch: 0 done, {PAUSE:.0f} failed, 7 waiting",
        f"sr-batch: 0 done, {PAUSE - 1:.0f} failed, 7 waiting",
    ]
    lines = mailbox.received[1][1].splitlines()
    assert lines == [*(f"c{n}: damaged" for n in range(1, 11)), f"and {PAUSE - 10:.0f} more"]


def test_reports_once_that_nothing_is_left(mailbox: Mailbox) -> None:
    seconds = [0.0]
    with Notifier([mailbox.url], pytest.fail, lambda: seconds[0]) as notifier:
        notifier.look(Path("in"), 0)
        notifier.add(Skipped("a", "b", "already done"))  # as after a restart: no work was done
        notifier.look(Path("in"), 0)
        for waiting in (2, 1, 0, 0):
            notifier.add(DONE)
            notifier.look(Path("in"), waiting)
            notifier.look(Path("other"), 0)
            seconds[0] += PAUSE
        notifier.look(Path("in"), 0)
    assert mailbox.received == [
        ("sr-batch: 3 done, 0 failed, 0 waiting", "Nothing is left to do."),
        ("sr-batch: 1 done, 0 failed, 0 waiting", "Nothing is left to do."),
    ]


def test_reports_a_full_disk_to_every_url(mailbox: Mailbox) -> None:
    with Notifier([mailbox.url, mailbox.url], pytest.fail) as notifier:
        notifier.say("scanned every 30 s")
        notifier.say("the disk is full", "stopped: ")
        notifier.look(Path("in"), 4)
    assert [message for _, message in mailbox.received] == ["the disk is full"] * 2


def test_a_url_that_does_not_answer_is_logged_and_delays_nothing(
    mailbox: Mailbox, capfd: pytest.CaptureFixture[str]
) -> None:
    mailbox.server.socket.close()
    complaints: list[str] = []
    with Notifier(["json://user:secret@127.0.0.1:1/"], complaints.append) as notifier:
        notifier.add(FAILED)
        notifier.look(Path("in"), 0)
    assert complaints == ["--notify: a message could not be delivered to every URL"]
    assert "".join(capfd.readouterr()) == ""


def test_refuses_an_unknown_url_without_showing_it() -> None:
    with pytest.raises(UsageError, match="Apprise does not support URL number 2") as caught:
        Notifier(["json://127.0.0.1", "secret-word"], pytest.fail)
    assert "secret-word" not in str(caught.value)
