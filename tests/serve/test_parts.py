"""The parts that need no server: names, options, messages, files, queue, zip, settings."""

import io
import os
import stat
import threading
import zipfile
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from filelock import FileLock

from sr_batch.batch.enlarge_file import Outline
from sr_batch.batch.loading import LoadedFile
from sr_batch.codec import Header
from sr_batch.core.errors import ImageTooLarge, Stopped, StorageError, UnsupportedImage, UsageError
from sr_batch.core.geometry import Size
from sr_batch.core.options import UpscaleOptions
from sr_batch.serve import queue as queue_module
from sr_batch.serve.client_options import JobOptions, parse_options
from sr_batch.serve.job import Job
from sr_batch.serve.names import clean_name, output_name, without_duplicates
from sr_batch.serve.planning import read_header
from sr_batch.serve.problems import Problem, problem_of, without_flags
from sr_batch.serve.queue import Queue
from sr_batch.serve.settings import ServeOptions, shown_bytes
from sr_batch.serve.store import Store
from sr_batch.serve.zipped import Member, zipped

NAMES = [
    ("a.jpg", "a.jpg"),
    ("trip/b.jpg", "trip/b.jpg"),
    ("../../etc/passwd", "etc/passwd"),
    ("/etc/passwd", "etc/passwd"),
    ("C:\\Users\\me\\a.jpg", "C_/Users/me/a.jpg"),
    ("a/./b//c.jpg", "a/b/c.jpg"),
    ("con.jpg", "_con.jpg"),
    ("a\x00\n.jpg", "a__.jpg"),
    ("gpj.\u202eexe", "gpj._exe"),
    ("a. /b .jpg", "a/b .jpg"),
    ("", "image"),
    ("..", "image"),
    ("x" * 300 + ".jpg", "x" * 176 + ".jpg"),
    ("\u5199" * 120 + ".jpg", "\u5199" * 58 + ".jpg"),  # 3 bytes each
    ("x." + "y" * 300, "x." + "y" * 178),
]


@pytest.mark.parametrize(("given", "clean"), NAMES)
def test_a_name_is_a_label_and_no_path(given: str, clean: str) -> None:
    assert clean_name(given) == clean


def test_a_name_has_no_more_folders_than_a_zip_can_have() -> None:
    assert clean_name("d/" * 500 + "a.jpg").count("/") < 20


def test_outputs_are_named_as_those_of_the_command_line() -> None:
    options = UpscaleOptions(width=300)
    assert output_name("trip/a.b.jpg", options, "photo", "png") == "trip/a.b_w300_photo.png"


def test_numbers_a_name_that_is_taken_in_any_case() -> None:
    names = ["a.png", "A.png", "a_2.png", "a.png"]
    assert list(without_duplicates(names)) == ["a.png", "A_2.png", "a_2_2.png", "a_3.png"]


def test_a_file_has_no_name_of_a_folder() -> None:
    names = ["a.png", "A.png/b.png"]
    assert list(without_duplicates(names)) == ["a_2.png", "A.png/b.png"]


def test_numbers_thousands_of_equal_names_at_once() -> None:
    numbered = list(without_duplicates(["image.png"] * 20_000))
    assert (numbered[-1], len(set(numbered))) == ("image_20000.png", 20_000)


def test_a_detail_can_be_sent_whatever_a_client_wrote() -> None:
    assert Problem(422, "no model is called \ud800").response().body


BASE = UpscaleOptions(model="espcn", device="cpu")


def test_options_are_text_or_json_values() -> None:
    text = parse_options({"scale": "2.5", "quality": "80", "verify": "on", "width": ""}, BASE)
    json = parse_options({"scale": 2.5, "quality": 80.0, "verify": True, "width": None}, BASE)
    assert text == json
    assert (text.chosen.scale, text.chosen.quality, text.chosen.device) == (2.5, 80, "cpu")
    assert text.given["scale"] == 2.5


@pytest.mark.parametrize("value", [1e300, float("inf"), [2], {"a": 1}, True, "two", "1e999"])
def test_refuses_values_of_another_kind(value: object) -> None:
    with pytest.raises(UsageError, match="--scale"):
        parse_options({"scale": value}, BASE)


def test_an_empty_color_lock_is_that_of_the_model() -> None:
    assert parse_options({"color_lock": "false"}, BASE).chosen.color_lock is False
    assert parse_options({"color_lock": ""}, BASE).chosen.color_lock is None


MESSAGES = [
    ("--quality 0: must be from 1 to 100", "quality=0: must be from 1 to 100"),
    ("2x2 is 4 pixels, more than the limit of 3; to allow it: --max-pixels 4", None),
    ("it does not fit; use --format png", "it does not fit; use format=png"),
    ("--width and --scale cannot be combined", "width and scale cannot be combined"),
    ("its decoder took longer than 30 s; --no-isolate sets no limit", None),
]


@pytest.mark.parametrize(("said", "told"), MESSAGES)
def test_messages_name_options_and_no_flags(said: str, told: str | None) -> None:
    assert without_flags(said) == (told or said.partition(";")[0])


@pytest.mark.parametrize(
    ("count", "shown"),
    [(12, "12 bytes"), (65_536, "65.5 kB"), (300_000_000, "300 MB"), (1_500_000_000, "1.5 GB")],
)
def test_shows_a_limit_in_the_unit_that_fits(count: int, shown: str) -> None:
    assert shown_bytes(count) == shown


def test_errors_have_the_status_that_fits() -> None:
    kinds = {ImageTooLarge: 413, UnsupportedImage: 415, UsageError: 422, StorageError: 507}
    assert {kind: problem_of(kind("x")).status for kind in kinds} == kinds


# The store


def test_a_header_that_a_stop_interrupts_is_answered_as_a_stop(store: Store) -> None:
    def load(*_: object) -> AbstractContextManager[LoadedFile]:
        raise Stopped

    file = store.create()
    file.close()
    with pytest.raises(Problem) as raised:
        read_header(file, "a.png", 1, load)
    assert raised.value.status == 503


def test_only_this_user_can_look_into_the_folder(tmp_path: Path) -> None:
    with Store(100, tmp_path) as store:
        assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
        file = store.keep(b"abc")
        assert (file.read(), store.used) == (b"abc", 3)
        file.remove()
        file.remove()
        assert store.used == 0
    assert list(tmp_path.iterdir()) == []


def test_says_where_no_folder_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="TMPDIR"):
        Store(10, tmp_path / "missing")


def test_says_that_the_folder_was_deleted(tmp_path: Path) -> None:
    with Store(1000, tmp_path) as store:
        store.folder.rename(tmp_path / "elsewhere")
        with pytest.raises(Problem, match="must be started again"):
            store.create()


def test_refuses_more_than_the_quota(tmp_path: Path) -> None:
    with Store(10, tmp_path) as store:
        store.keep(bytes(8))
        with pytest.raises(Problem) as error:
            store.keep(bytes(3))
        assert error.value.status == 507
        assert store.used == 8
        assert len(list(store.folder.iterdir())) == 2  # the file and the lock


def test_sweeps_what_killed_servers_left_and_nothing_else(tmp_path: Path) -> None:
    left, used, other = (tmp_path / name for name in ("sr-batch-serve-a", "sr-batch-serve-b", "c"))
    for folder in (left, used, other):
        folder.mkdir()
        (folder / "picture").touch()
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "sr-batch-serve-link").symlink_to(outside)
    with FileLock(used / "lock"), Store(10, tmp_path):
        assert not left.exists()
        assert (used / "picture").exists()
        assert other.exists()
        assert outside.exists()


# The queue


def made(store: Store, pixels: int = 4, name: str = "a.png", listed: bool = True) -> Job:
    size = Size(pixels // 4, 4)
    header = Header("png", (size,), 1, size.pixels * 3)
    options = JobOptions({}, UpscaleOptions(model="espcn"))
    return Job(name, store.keep(b"x"), header, options, Outline(header, "png", (size,)), listed)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(1000, tmp_path)


def test_takes_jobs_in_their_order_and_small_ones_in_their_lane(store: Store) -> None:
    queue, stop = Queue(), threading.Event()
    large, small = made(store, 400), made(store, 40)
    queue.add(large)
    queue.add(small)
    assert queue.take(100, stop) is small
    assert queue.take(None, threading.Event()) is large


def test_a_canceled_job_stops_and_a_late_result_is_dropped(store: Store) -> None:
    told: list[str] = []
    queue, stop = Queue(lambda job: told.append(job.status)), threading.Event()
    job = made(store)
    job.finished.append(lambda: told.append("finished"))
    queue.add(job)
    queue.take(None, stop)
    queue.cancel(job.id)
    assert stop.is_set()
    assert told == ["waiting", "running", "canceled", "finished"]
    queue.finish(job, store.keep(b"result"), (), "espcn", None)
    assert (job.status, job.result, store.used) == ("canceled", None, 1)


def test_a_deleted_job_loses_its_files_when_its_worker_lets_go(store: Store) -> None:
    queue, stop = Queue(), threading.Event()
    job = made(store)
    queue.add(job)
    queue.take(None, stop)
    queue.delete(job.id)
    assert (stop.is_set(), store.used) == (True, 1)
    queue.fail(job, Problem(500, "stopped"))
    assert store.used == 0
    with pytest.raises(Problem, match="no job"):
        queue.get(job.id)


def test_a_job_that_waits_cannot_be_started_again(store: Store) -> None:
    queue, job = Queue(), made(store)
    queue.add(job)
    with pytest.raises(Problem) as error:
        queue.start(job.id, job.options, job.plan)
    assert error.value.status == 409


def test_a_full_queue_says_when_to_try_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "MOST_REQUESTS", 1)
    queue = Queue()
    queue.add(made(store, listed=False))
    queue.add(made(store))
    with pytest.raises(Problem) as error:
        queue.add(made(store, listed=False))
    assert error.value.status == 429
    assert error.value.headers["Retry-After"]


def test_forgets_what_rests_for_too_long_and_not_what_waits(store: Store) -> None:
    queue = Queue()
    held, waiting = made(store), made(store)
    queue.add(held, hold=True)
    queue.add(waiting)
    queue.forget_older(3600)
    assert queue.listed() == [held, waiting]
    queue.forget_older(-1)
    assert queue.listed() == [waiting]
    assert store.used == 1


def test_a_closed_queue_lets_workers_go_and_takes_no_more(store: Store) -> None:
    queue, job = Queue(), made(store)
    queue.add(job)
    queue.close()
    assert queue.take(None, threading.Event()) is None
    assert job.status == "canceled"
    with pytest.raises(Problem) as error:
        queue.add(made(store))
    assert error.value.status == 503


def test_the_last_seconds_tell_how_long_the_next_one_takes(store: Store) -> None:
    queue = Queue()
    first, second = made(store, 400), made(store, 400)
    for job in (first, second):
        queue.add(job)
    queue.take(None, threading.Event())
    assert first.eta(queue.pace(first)) is None
    queue.finish(first, store.keep(b"r"), (), "espcn", "fp32")
    queue.take(None, threading.Event())
    eta = second.eta(queue.pace(second))
    assert eta is not None
    assert 0 <= eta < 5


# The zip


def test_a_zip_leaves_out_what_was_deleted_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(os.urandom(600_000))
    members = [Member("a.bin", tmp_path / "a"), Member("b.bin", tmp_path / "b")]
    pieces = list(zipped(members))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.namelist() == ["a.bin"]
    assert archive.read("a.bin") == (tmp_path / "a").read_bytes()
    assert max(map(len, pieces)) < 300_000


# The settings

REFUSED = [
    ({"host": "0.0.0.0"}, "needs a secret"),
    ({"host": "192.168.1.5"}, "needs a secret"),
    ({"host": "photos.example"}, "needs a secret"),
    ({"token": "short"}, "at least 16"),
    ({"token": "with a space in the middle"}, "without spaces"),
    ({"port": 65536}, "--port 65536"),
    ({"quota": 0.0}, "--quota 0"),
]


@pytest.mark.parametrize(("values", "said"), REFUSED)
def test_refuses_settings_that_are_wrong_or_not_safe(values: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ServeOptions(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_alone_needs_no_token(host: str) -> None:
    assert ServeOptions(host=host).is_loopback
