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
from sr_batch.batch.decoder_pool import DecoderPool, loader
from sr_batch.batch.engine import run
from sr_batch.batch.loading import Loader, load_file
from sr_batch.batch.planning import plan_jobs
from sr_batch.codec import read
from sr_batch.core.errors import ImageError, SrBatchError, Stopped, UnreadableImage
from sr_batch.core.image import Image, Timing
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import JobResult, NotRun
from tests.codec.pictures import PLENTY, full_metadata, picture
from tests.corpus.table import ALL
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import OPTIONS, count, errors, tree

PATIENCE = 60.0
HEADER_FAULTS = "tests.hostile:open_hostile_header"
PICTURE_FAULTS = "tests.hostile:open_file"
PNG = codec.encode_image(picture(3, False, 8), "png", 95)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="it says and limits memory")


@pytest.fixture(scope="module")
def decoders() -> Iterator[DecoderPool]:
    with DecoderPool(threading.Event()) as decoders:
        yield decoders


@pytest.fixture(scope="module")
def hostile() -> Iterator[DecoderPool]:
    with DecoderPool(threading.Event(), PICTURE_FAULTS, seconds=PATIENCE) as decoders:
        yield decoders


@pytest.fixture(scope="module")
def hostile_headers() -> Iterator[DecoderPool]:
    with DecoderPool(threading.Event(), HEADER_FAULTS, seconds=PATIENCE) as decoders:
        yield decoders


@pytest.fixture
def telling() -> Iterator[DecoderPool]:
    with DecoderPool(threading.Event(), "tests.hostile:tell") as decoders:
        yield decoders


def pictures(load: Loader, data: bytes, name: str = "a") -> list[Image]:
    with load(data, name, PLENTY) as file:
        return list(file.pages())


def facts(decoders: DecoderPool) -> dict[str, Any]:
    (image,) = pictures(decoders, PNG)
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
    """All pictures, or the type and the text of the error."""
    try:
        return pictures(load, data)
    except ImageError as error:
        return f"{type(error)} {error}"


def test_gives_the_same_as_decoding_here_for_every_kind_of_file(decoders: DecoderPool) -> None:
    for name, row in ALL.items():
        data = row.make()
        given, expected = outcome(decoders, data), outcome(load_file, data)
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
    decoders: DecoderPool,
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
    for image, expected in zip(pictures(decoders, data), pictures(load_file, data), strict=True):
        assert_equal(image, expected)
        assert image.timing == expected.timing


def test_gives_the_same_header_as_reading_it_here(decoders: DecoderPool) -> None:
    data = codec.encode_pages([picture(3, False, 8)] * 3, "tif", 95)
    with decoders(data, "a", PLENTY) as file:
        assert file.header == codec.read_header(data, "a", PLENTY)


def test_refuses_an_image_by_its_header(decoders: DecoderPool) -> None:
    with pytest.raises(ImageError, match=r"^a: .*--max-pixels"), decoders(PNG, "a", 10):
        pass


def test_a_consumer_that_stops_early_does_not_disturb_the_next(telling: DecoderPool) -> None:
    pid = facts(telling)["pid"]
    data = codec.encode_pages([picture(3, False, 8)] * 3, "tif", 95)
    with telling(data, "a", PLENTY) as file:
        next(file.pages())
    with telling(data, "a", PLENTY):
        pass
    assert facts(telling)["pid"] == pid


def test_the_process_is_free_once_the_last_picture_is_decoded(telling: DecoderPool) -> None:
    with telling(PNG, "a", PLENTY) as file:
        (image,) = file.pages()
        assert facts(telling)["pid"] == json.loads(image.metadata.note or "")["pid"]


def test_what_a_library_prints_does_no_harm(hostile: DecoderPool) -> None:
    (image,) = pictures(hostile, PNG, "chatter")
    assert image.size == codec.read_header(PNG, "a", PLENTY).size


def test_is_chosen_by_the_option() -> None:
    with loader(False, threading.Event()) as load:
        assert load is load_file
    with loader(True, threading.Event()) as load:
        assert isinstance(load, DecoderPool)


# what goes wrong


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("segfault", r"its decoder crashed \(signal 11: .+\); open the file in another program"),
        ("exit", r"its decoder crashed \(exit code 7\); open the file in another program"),
        ("unspeakable", r"its decoder crashed \(exit code 1\); open the file in another program"),
        pytest.param("bloat", r"its decoder needed more than 25\d MiB; --no-iso", marks=linux_only),
    ],
)
def test_a_decoder_that_ends_fails_one_file(
    hostile: DecoderPool, hostile_headers: DecoderPool, name: str, message: str
) -> None:
    for decoders in (hostile, hostile_headers):
        with pytest.raises(UnreadableImage, match=rf"^{name}: {message}"):
            pictures(decoders, PNG, name)
        assert pictures(decoders, PNG)[0].format == "png"


@pytest.mark.parametrize("faults", [HEADER_FAULTS, PICTURE_FAULTS])
@pytest.mark.parametrize("name", ["spin", "deaf"])
def test_a_decoder_that_hangs_is_ended(name: str, faults: str) -> None:
    with (
        DecoderPool(threading.Event(), faults, seconds=0.3) as decoders,
        pytest.raises(UnreadableImage, match=rf"^{name}: its decoder took longer than 0.3 s; --no"),
    ):
        pictures(decoders, PNG, name)


def test_a_bug_keeps_its_type(hostile: DecoderPool, hostile_headers: DecoderPool) -> None:
    for decoders in (hostile, hostile_headers):
        with pytest.raises(KeyError, match=r"^'x'$"):
            pictures(decoders, PNG, "fault")


@pytest.mark.parametrize("faults", [HEADER_FAULTS, PICTURE_FAULTS])
def test_a_stop_drops_the_file_that_is_being_read(faults: str) -> None:
    stop = threading.Event()
    with DecoderPool(stop, faults) as decoders:
        threading.Timer(0.2, stop.set).start()
        with pytest.raises(Stopped):
            pictures(decoders, PNG, "spin")


def test_a_stop_drops_a_decoder_that_is_being_started() -> None:
    stop = threading.Event()
    stop.set()
    with DecoderPool(stop) as decoders, pytest.raises(Stopped), decoders(PNG, "a.png", PLENTY):
        pass


def test_a_decoder_that_cannot_be_started_ends_the_run() -> None:
    with (
        DecoderPool(threading.Event(), "no.such:decoder") as decoders,
        pytest.raises(SrBatchError, match=r"no decoder process .*\(exit code 1\): .*-isolate"),
    ):
        pictures(decoders, PNG)


def test_an_interpreter_that_is_not_there_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with (
        DecoderPool(threading.Event()) as decoders,
        pytest.raises(SrBatchError, match=r"no decoder process .*\(No such file.*-isolate"),
    ):
        pictures(decoders, PNG)


def isolated_run(
    faults: str, seconds: float = PATIENCE, options: UpscaleOptions = OPTIONS
) -> list[JobResult]:
    """Plan and run the folder ``in`` with decoder processes."""
    stop, upscaler = threading.Event(), FakeUpscaler()
    with DecoderPool(stop, faults, seconds) as load:
        plan = plan_jobs(["in"], None, options, upscaler.model, pytest.fail, load)
        return list(run(plan, upscaler, options, lambda pixels: None, stop, load))


@pytest.mark.alone
@pytest.mark.usefixtures("here")
@linux_only
@pytest.mark.parametrize("faults", [HEADER_FAULTS, PICTURE_FAULTS])
def test_the_batch_goes_on_after_hostile_files(faults: str) -> None:
    names = ["a", "segfault", "b", "sleep", "c", "bloat", "abort", "d"]
    for number, name in enumerate(names):
        save_picture(Path(f"in/{name}.png"), number)
    results = isolated_run(faults, seconds=1)
    assert count(results) == {"done": 4, "failed": 4}
    assert [error.split(":")[0] for error in errors(results)] == [
        f"in/{name}.png" for name in ("abort", "bloat", "segfault", "sleep")
    ]
    assert tree("in_sr") == ["a.png", "b.png", "c.png", "d.png"]


@pytest.mark.usefixtures("here")
def test_this_process_parses_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for the plan, not for a job, and not for an unknown file in the place of an output."""
    for number, suffix in enumerate(("png", "jpg", "tif", "webp", "gif", "bmp", "avif")):
        save_picture(Path(f"in/{number}.{suffix}"))
    save_picture(Path("in_sr/0.png"), seed=7, size=(12, 8))

    def refuse(data: bytes, kind: str) -> None:
        raise AssertionError("parsed here")

    monkeypatch.setattr(read, "_taken_apart", refuse)
    results = isolated_run("sr_batch.codec:open_file")
    assert count(results) == {"done": 6, "failed": 1}
    assert "in_sr/0.png exists and is not recorded as an output" in errors(results)[0]
    with pytest.raises(AssertionError, match="parsed here"):
        codec.read_header(PNG, "a", PLENTY)


@pytest.mark.usefixtures("here")
def test_a_decoder_process_opens_an_input_once_for_the_plan_and_once_for_its_job() -> None:
    save_picture(Path("in/a.png"))
    assert count(isolated_run("tests.hostile:open_and_log")) == {"done": 1}
    assert Path("opened.txt").read_text() == "in/a.png\n" * 2


@pytest.mark.usefixtures("here")
def test_a_stop_while_the_plan_is_made_runs_nothing() -> None:
    save_picture(Path("in/sleep.png"))
    stop = threading.Event()
    stop.set()
    with DecoderPool(stop, HEADER_FAULTS) as load:
        plan = plan_jobs(["in"], None, OPTIONS, "nearest", pytest.fail, load)
    (result,) = plan.settled
    assert isinstance(result, NotRun)
    assert result.input == "in/sleep.png"


# the processes


def test_a_process_serves_one_file_after_the_other(telling: DecoderPool) -> None:
    assert len({facts(telling)["pid"] for _ in range(5)}) == 1


def test_a_process_loads_the_codec_and_no_inference_package(telling: DecoderPool) -> None:
    modules = set(facts(telling)["modules"])
    assert {"sr_batch.codec", "sr_batch.batch.decoder_process"} <= modules
    too_much = {"onnxruntime", "typer", "rich", "sqlite3", "sr_batch.batch.engine", "sr_batch.cli"}
    assert not modules & too_much


def test_a_process_takes_no_module_from_the_current_folder(
    telling: DecoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert "numpy" in facts(telling)["modules"]


def test_a_process_can_start_while_cv2_is_imported(
    telling: DecoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is imported, its folder is on the path of all threads, with a ``typing`` in it."""
    (tmp_path / "typing.py").write_text("raise SystemExit")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert "typing" in facts(telling)["modules"]


@linux_only
def test_linux_kills_a_decoder_process_first_when_memory_runs_out(telling: DecoderPool) -> None:
    assert facts(telling)["killed first"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_leaves_the_signals_to_its_parent(telling: DecoderPool, number: int) -> None:
    pid = facts(telling)["pid"]
    os.kill(pid, number)
    assert facts(telling)["pid"] == pid


def test_a_process_that_was_killed_is_replaced(telling: DecoderPool) -> None:
    pid = facts(telling)["pid"]
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert facts(telling)["pid"] != pid


def test_files_are_decoded_at_the_same_time(telling: DecoderPool) -> None:
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
from sr_batch.batch.decoder_pool import DecoderPool
with DecoderPool(threading.Event(), "tests.hostile:hold", float(sys.argv[2])) as load:
    with load(Path("a.png").read_bytes(), sys.argv[1], 10**6):
        pass
"""


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock; a zombie does not."""
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
