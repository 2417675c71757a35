import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch import codec
from sr_batch.batch.decoder_pool import Decoders, loader
from sr_batch.batch.engine import run
from sr_batch.batch.image_job import Loader
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.errors import ImageError, SrBatchError, UnreadableImage
from sr_batch.core.image import Image, Timing
from sr_batch.upscaling.tile_pool import Stopped
from tests.codec.pictures import PLENTY, full_metadata, picture
from tests.corpus.table import ALL
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import OPTIONS, count, errors, tree

PATIENCE = 60.0
PNG = codec.encode_image(picture(3, False, 8), "png", 95)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="it says and limits memory")


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(threading.Event()) as decoders:
        yield decoders


@pytest.fixture(scope="module")
def hostile() -> Iterator[Decoders]:
    with Decoders(threading.Event(), "tests.hostile:read_pages", seconds=PATIENCE) as decoders:
        yield decoders


@pytest.fixture
def telling() -> Iterator[Decoders]:
    with Decoders(threading.Event(), "tests.hostile:tell") as decoders:
        yield decoders


def facts(decoders: Decoders) -> dict[str, Any]:
    (image,) = decoders(PNG, "a.png", PLENTY)
    told: dict[str, Any] = json.loads(image.metadata.note or "")
    return told


def assert_equal(image: Image, expected: Image) -> None:
    assert replace(image, color=expected.color, alpha=expected.alpha) == expected
    assert image.color.dtype == expected.color.dtype
    assert np.array_equal(image.color, expected.color)
    assert image.color.flags.writeable
    if expected.alpha is not None:
        assert image.alpha is not None
        assert image.alpha.dtype == expected.alpha.dtype
        assert np.array_equal(image.alpha, expected.alpha)


# what comes back


def outcome(load: Loader, data: bytes) -> list[Image] | str:
    """All pictures, or the kind and the words of the error."""
    try:
        return [*load(data, "a", PLENTY)]
    except ImageError as error:
        return f"{type(error)} {error}"


def test_gives_what_decoding_here_gives_of_every_kind_of_file(decoders: Decoders) -> None:
    for name, row in ALL.items():
        data = row.make()
        given, expected = outcome(decoders, data), outcome(codec.read_pages, data)
        if isinstance(expected, str):
            assert given == expected, name
            continue
        assert len(given) == len(expected), name
        for image, its_own in zip(given, expected, strict=True):
            assert isinstance(image, Image)
            assert_equal(image, its_own)


@settings(max_examples=30)
@given(
    kind=st.sampled_from(["png", "tif"]),
    channels=st.sampled_from([1, 3]),
    alpha=st.booleans(),
    depth=st.sampled_from([8, 16]),
    sides=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    count=st.integers(1, 4),
)
def test_gives_back_pictures_exactly(
    decoders: Decoders,
    kind: str,
    channels: int,
    alpha: bool,
    depth: int,
    sides: tuple[int, int],
    count: int,
) -> None:
    one = replace(picture(channels, alpha, depth, *sides), metadata=full_metadata())
    images = [replace(one, color=np.roll(one.color, number)) for number in range(count)]
    if kind == "png" and count > 1:
        timing = Timing(Fraction(100, 3), 7)
        images = [replace(image, timing=timing) for image in images]
    data = codec.encode_pages(images, kind, 95)
    for image, expected in zip(
        decoders(data, "a", PLENTY), codec.read_pages(data, "a", PLENTY), strict=True
    ):
        assert_equal(image, expected)
        assert image.timing == expected.timing


def test_refuses_by_the_header_without_a_process() -> None:
    with Decoders(threading.Event(), "no.such:decoder") as decoders, pytest.raises(ImageError):
        next(decoders(PNG, "a", 10))


def test_a_consumer_that_stops_early_does_not_disturb_the_next(telling: Decoders) -> None:
    pid = facts(telling)["pid"]
    pages = telling(codec.encode_pages([picture(3, False, 8)] * 3, "tif", 95), "a", PLENTY)
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert facts(telling)["pid"] == pid


def test_what_a_library_prints_does_no_harm(hostile: Decoders) -> None:
    (image,) = hostile(PNG, "chatter", PLENTY)
    assert image.size == codec.read_header(PNG, "a", PLENTY).size


def test_is_chosen_by_the_option() -> None:
    with loader(False, threading.Event()) as load:
        assert load is codec.read_pages
    with loader(True, threading.Event()) as load:
        assert isinstance(load, Decoders)


# what goes wrong


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("segfault", r"its decoder crashed \(signal 11: .+\); open it in another program"),
        ("exit", r"its decoder crashed \(exit code 7\); open it in another program"),
        ("unspeakable", r"its decoder crashed \(exit code 1\); open it in another program"),
        pytest.param("bloat", r"its decoder needed more than 25\d MiB; --no-iso", marks=linux_only),
    ],
)
def test_a_decoder_that_ends_costs_one_file(hostile: Decoders, name: str, message: str) -> None:
    with pytest.raises(UnreadableImage, match=rf"^{name}: {message}"):
        next(hostile(PNG, name, PLENTY))
    assert next(hostile(PNG, "a", PLENTY)).format == "png"


@pytest.mark.parametrize("name", ["spin", "deaf"])
def test_a_decoder_that_hangs_is_ended(name: str) -> None:
    with (
        Decoders(threading.Event(), "tests.hostile:read_pages", seconds=0.3) as decoders,
        pytest.raises(UnreadableImage, match=rf"^{name}: its decoder took longer than 0.3 s; --no"),
    ):
        next(decoders(PNG, name, PLENTY))


def test_a_fault_of_ours_keeps_its_type(hostile: Decoders) -> None:
    with pytest.raises(KeyError, match=r"^'x'$"):
        next(hostile(PNG, "fault", PLENTY))


def test_a_stop_drops_what_is_being_decoded() -> None:
    stop = threading.Event()
    with Decoders(stop, "tests.hostile:read_pages") as decoders:
        threading.Timer(0.2, stop.set).start()
        with pytest.raises(Stopped):
            next(decoders(PNG, "spin", PLENTY))


def test_a_decoder_that_cannot_be_started_ends_the_run() -> None:
    with (
        Decoders(threading.Event(), "no.such:decoder") as decoders,
        pytest.raises(SrBatchError, match=r"no process that decodes .*\(exit code 1\): .*-isolate"),
    ):
        next(decoders(PNG, "a", PLENTY))


def test_an_interpreter_that_is_not_there_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with (
        Decoders(threading.Event()) as decoders,
        pytest.raises(SrBatchError, match=r"no process that decodes .*\(No such file.*-isolate"),
    ):
        next(decoders(PNG, "a", PLENTY))


@pytest.mark.alone
@pytest.mark.usefixtures("here")
@linux_only
def test_the_batch_goes_on_round_hostile_files() -> None:
    names = ["a", "segfault", "b", "sleep", "c", "bloat", "abort", "d"]
    for number, name in enumerate(names):
        save_picture(Path(f"in/{name}.png"), number)
    plan = plan_jobs(["in"], None, OPTIONS, "nearest")
    stop = threading.Event()
    with Decoders(stop, "tests.hostile:read_pages", seconds=1) as load:
        results = list(run(plan, FakeUpscaler(), OPTIONS, lambda pixels: None, stop, load))
    assert count(results) == {"done": 4, "failed": 4}
    assert [error.split(":")[0] for error in errors(results)] == [
        f"in/{name}.png" for name in ("abort", "bloat", "segfault", "sleep")
    ]
    assert tree("in_sr") == ["a.png", "b.png", "c.png", "d.png"]


# the processes


def test_a_process_serves_one_file_after_the_other(telling: Decoders) -> None:
    assert len({facts(telling)["pid"] for _ in range(5)}) == 1


def test_a_process_loads_the_codec_and_nothing_of_inference(telling: Decoders) -> None:
    modules = set(facts(telling)["modules"])
    assert {"sr_batch.codec", "sr_batch.batch.decoder_process"} <= modules
    too_much = {"onnxruntime", "typer", "rich", "sqlite3", "sr_batch.batch.engine", "sr_batch.cli"}
    assert not modules & too_much


def test_a_process_takes_no_module_from_the_current_folder(
    telling: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert "numpy" in facts(telling)["modules"]


@linux_only
def test_a_process_is_the_first_to_go_where_memory_runs_out(telling: Decoders) -> None:
    assert facts(telling)["killed first"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_leaves_the_signals_to_its_parent(telling: Decoders, number: int) -> None:
    pid = facts(telling)["pid"]
    os.kill(pid, number)
    assert facts(telling)["pid"] == pid


def test_a_process_that_was_killed_is_replaced(telling: Decoders) -> None:
    pid = facts(telling)["pid"]
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert facts(telling)["pid"] != pid


def test_files_are_decoded_at_the_same_time(telling: Decoders) -> None:
    at_work = threading.Barrier(3)
    pids: list[int] = []

    def work() -> None:
        at_work.wait(PATIENCE)
        pids.extend(facts(telling)["pid"] for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 60
    assert 1 < len(set(pids)) <= 3


PARENT = """
import sys, threading
from pathlib import Path
from sr_batch.batch.decoder_pool import Decoders
with Decoders(threading.Event(), "tests.hostile:hold", float(sys.argv[2])) as load:
    next(load(Path("a.png").read_bytes(), sys.argv[1], 10**6))
"""


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock, as a zombie does no more."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.parametrize(("name", "seconds"), [("spin", 999), ("deaf", 1)])
def test_no_process_outlives_a_killed_parent(name: str, seconds: float, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, f"{name}.lock", str(seconds)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    while not (tmp_path / f"{name}.ready").exists():
        assert parent.poll() is None
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    ends = time.monotonic() + PATIENCE
    while is_locked(tmp_path / f"{name}.lock"):
        assert time.monotonic() < ends
        time.sleep(0.01)
