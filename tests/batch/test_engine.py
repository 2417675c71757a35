import io
import multiprocessing
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from multiprocessing.context import ForkServerContext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from sr_batch.batch.engine import run
from sr_batch.batch.loading import LoadedFile, load_file
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.errors import DeviceUnavailable, OutOfMemory, Stopped, StorageError
from sr_batch.core.image import Image
from sr_batch.core.options import UpscaleOptions
from sr_batch.core.results import Done, JobResult, NotRun
from sr_batch.upscaling.kept_tiles import TileStore
from sr_batch.upscaling.upscaler import Upscaled
from tests.disks import DISKS_THAT_FILL
from tests.fakes import FakeUpscaler, save_picture, upscale_for_ever
from tests.runs import OPTIONS, Progress, count, digest, errors, go, is_whole, photos, tree

pytestmark = pytest.mark.usefixtures("here", "originals")

PATIENCE = 60.0


# what is made


def test_enlarges_a_folder() -> None:
    photos()
    save_picture(Path("in/b/c.jpg"), size=(9, 5))
    seen: list[int] = []
    results = go("in", progress=seen.append)
    assert count(results) == {"done": 4}
    assert tree("in_sr") == ["0.png", "1.png", "2.png", "b/c.jpg"]
    original, enlarged = (np.asarray(Pillow.open(f"{folder}/0.png")) for folder in ("in", "in_sr"))
    assert np.array_equal(enlarged, original.repeat(2, 0).repeat(2, 1))
    assert sorted(seen) == [24, 24, 24, 45]


def test_a_result_says_what_was_made() -> None:
    photos(1)
    (done,) = go("in")
    assert isinstance(done, Done)
    assert (done.input, done.output) == ("in/0.png", "in_sr/0.png")
    assert (str(done.input_size), str(done.output_size)) == ("6x4", "12x8")
    assert (done.model, done.scale, done.provider) == ("nearest", 2.0, "fake")
    assert done.seconds > 0


def test_a_result_notes_what_the_format_cannot_hold() -> None:
    Path("in").mkdir()
    pixels = np.zeros((4, 6, 4), np.uint8)
    Pillow.fromarray(pixels).save("in/a.png")
    (done,) = go("in", options=UpscaleOptions(format="jpg"))
    assert isinstance(done, Done)
    assert len(done.notes) == 1


def test_settled_results_come_before_any_work() -> None:
    photos(2)
    Path("in/a.gif").write_bytes(b"GIF89a" + bytes(99))
    upscaler = FakeUpscaler()
    plan = plan_jobs(["in"], None, OPTIONS, "nearest")
    results = run(plan, upscaler, OPTIONS, lambda pixels: None, threading.Event())
    first = next(results)
    assert (first.input, first.status, upscaler.names) == ("in/a.gif", "failed", [])
    assert count(list(results)) == {"done": 2}


def test_an_empty_plan_has_no_results() -> None:
    Path("in").mkdir()
    assert go("in") == []


# what goes wrong with one image


def test_bad_images_fail_in_one_line_and_the_others_go_on() -> None:
    good = photos(2)
    whole = good[0].read_bytes()
    bad = {
        "empty.png": b"",
        "text.jpg": b"no image at all",
        "truncated.png": whole[: len(whole) // 2],
        "zeros.tif": bytes(1000),
        "wrong.gif": b"GIF89a" + bytes(99),
        os.fsdecode(b"\n\"'\xff.png"): b"x",
    }
    for name, content in bad.items():
        Path("in", name).write_bytes(content)
    os.mkfifo("in/pipe.png")
    Path("in/folder.png").mkdir()
    results = go("in")
    assert count(results) == {"done": 2, "failed": len(bad) + 1}
    assert all(error.startswith("in/") and error.isprintable() for error in errors(results))
    assert tree("in_sr") == ["0.png", "1.png"]


def test_hostile_names_are_enlarged() -> None:
    names = [b"a\n.png", b"\"'.png", b"-x.png", b"\xff\xfe.png", b"a" * 246 + b".png"]
    for name in names:
        save_picture(Path("in", os.fsdecode(name)), kind="PNG")
    for expected in ("done", "skipped"):
        assert count(go("in")) == {expected: len(names)}
    assert {os.fsencode(name) for name in tree("in_sr")} == set(names)


@pytest.mark.parametrize("swap", [Path.unlink, lambda path: (path.unlink(), path.mkdir())])
def test_an_input_that_vanished_while_queued_fails(swap: Callable[[Path], None]) -> None:
    photos(3)
    plan = plan_jobs(["in"], None, OPTIONS, "nearest")
    swap(Path("in/1.png"))
    results = list(run(plan, FakeUpscaler(), OPTIONS, lambda pixels: None, threading.Event()))
    assert count(results) == {"done": 2, "failed": 1}
    assert errors(results)[0].startswith("in/1.png: ")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (OutOfMemory("in/1.png: not even the smallest tile fits"), "in/1.png: not even"),
        (MemoryError(), "in/1.png: not enough memory"),
        (RuntimeError("two\nlines"), "in/1.png: RuntimeError: two\\nlines (a bug in sr-batch"),
        (KeyError("x"), "in/1.png: KeyError: 'x' (a bug in sr-batch"),
    ],
)
def test_a_fault_while_enlarging_fails_one_image(fault: Exception, expected: str) -> None:
    photos(3)

    def break_down(name: str) -> None:
        if name == "in/1.png":
            raise fault

    results = go("in", upscaler=FakeUpscaler(before=break_down))
    assert count(results) == {"done": 2, "failed": 1}
    assert errors(results)[0].startswith(expected)
    assert tree("in_sr") == ["0.png", "2.png"]


@pytest.mark.parametrize("mode", [0, 0o555])
def test_an_output_folder_without_permission_fails_its_images(user_folder: Path, mode: int) -> None:
    save_picture(user_folder / "in/a.png")
    save_picture(user_folder / "in/b/c.png")
    (user_folder / "out/b").mkdir(parents=True)
    (user_folder / "out/b").chmod(mode)
    upscaler = FakeUpscaler()
    results = go(str(user_folder / "in"), output=str(user_folder / "out"), upscaler=upscaler)
    assert count(results) == {"done": 1, "failed": 1}
    (error,) = errors(results)
    assert "in/b/c.png" in error
    assert "no file can be created in" in error
    assert upscaler.names == [str(user_folder / "in/a.png")]  # refused before the work


def test_an_image_that_is_too_large_at_its_turn_is_not_decoded() -> None:
    photos(1)
    plan = plan_jobs(["in"], None, OPTIONS, "nearest")
    save_picture(Path("in/0.png"), size=(60, 40))
    limited, stop = UpscaleOptions(max_pixels=100), threading.Event()

    upscaler = FakeUpscaler(before=lambda name: pytest.fail("decoded"))
    (error,) = errors(list(run(plan, upscaler, limited, lambda pixels: None, stop)))
    assert "--max-pixels" in error
    assert upscaler.names == []


def test_an_output_that_its_format_cannot_hold_is_refused_before_the_work() -> None:
    """Even if the plan could not see the size, here behind a large profile."""
    Path("in").mkdir()
    Pillow.new("RGB", (9000, 1)).save("in/a.jpg", icc_profile=bytes(200_000))
    upscaler = FakeUpscaler()
    (error,) = errors(go("in", upscaler=upscaler, options=UpscaleOptions(format="webp")))
    assert error.startswith("in/a.jpg: 18000x2 ")
    assert upscaler.names == []


# what ends the run


def run_to_the_end(
    upscaler: FakeUpscaler, output: str | None = None
) -> tuple[list[JobResult], Exception | None]:
    """All results, and the error that was raised after them."""
    plan = plan_jobs(["in"], output, OPTIONS, upscaler.model)
    stream = run(plan, upscaler, OPTIONS, lambda pixels: None, threading.Event())
    results: list[JobResult] = []
    try:
        results.extend(stream)
    except Exception as error:
        return results, error
    return results, None


@pytest.mark.parametrize("disk", DISKS_THAT_FILL)
def test_a_full_disk_ends_the_run_and_a_rerun_completes_it(
    disk: Callable[[Path], AbstractContextManager[Callable[[], None]]], originals: dict[Path, str]
) -> None:
    for number in range(9):
        save_picture(Path(f"in/{number}.png"), number, size=(90 + number, 90))
    originals.update({path: digest(path) for path in Path("in").iterdir()})
    with disk(Path("out")) as make_room:
        results, error = run_to_the_end(FakeUpscaler(), "out")
        counts = Counter(result.status for result in results)
        assert isinstance(error, StorageError)
        assert str(Path("out").absolute()) in str(error)
        assert counts["failed"] >= 1
        assert counts["not_run"] >= 1
        assert counts["done"] + counts["failed"] + counts["not_run"] == 9
        assert all("the run ended: " in r.reason for r in results if isinstance(r, NotRun))
        assert len(tree("out")) == counts["done"]
        assert all(is_whole(path) for path in Path("out").glob("*.png"))

        make_room()
        assert count(go("in", output="out")).get("skipped", 0) == counts["done"]
        assert len(tree("out")) == 9
        assert all(is_whole(path) for path in Path("out").glob("*.png"))
        assert count(go("in", output="out")) == {"skipped": 9}


def test_a_lost_device_ends_the_run() -> None:
    photos(9)

    def lose(name: str) -> None:
        raise DeviceUnavailable("the GPU has fallen off the bus")

    results, error = run_to_the_end(FakeUpscaler(before=lose))
    assert isinstance(error, DeviceUnavailable)
    assert len(results) == 9
    assert count(results)["not_run"] >= 9 - 4
    assert all("fallen off the bus" in r.reason for r in results if isinstance(r, NotRun))


def test_a_stop_before_the_first_image_runs_none() -> None:
    photos(9)
    stop = threading.Event()
    stop.set()
    assert count(go("in", stop=stop)) == {"not_run": 9}
    assert not Path("in_sr").exists()


def test_a_stop_drops_images_in_flight_or_finishes_them_whole() -> None:
    photos(30)
    stop = threading.Event()
    upscaler = FakeUpscaler(before=lambda name: stop.set() if name == "in/5.png" else None)
    results = go("in", stop=stop, upscaler=upscaler)
    counts = count(results)
    assert counts["not_run"] > 0
    assert counts.get("done", 0) + counts["not_run"] == 30
    assert len(tree("in_sr")) == counts.get("done", 0)
    assert all(is_whole(path) for path in Path("in_sr").glob("*.png"))
    assert count(go("in")) == {"skipped": counts.get("done", 0), "done": counts["not_run"]}


def test_an_upscaler_in_its_tiles_hears_of_the_stop() -> None:
    photos(6)
    pressed, halted = threading.Event(), list[bool]()

    class Endless(FakeUpscaler):
        def __call__(
            self,
            image: Image,
            name: str,
            progress: Progress,
            stop: threading.Event,
            store: TileStore | None = None,
        ) -> Upscaled:
            pressed.set()
            halted.append(stop.wait(PATIENCE))
            raise Stopped

    assert count(go("in", stop=pressed, upscaler=Endless())) == {"not_run": 6}
    assert all(halted)


def test_a_caller_that_takes_no_more_results_ends_the_run() -> None:
    photos(30)
    plan = plan_jobs(["in"], None, OPTIONS, "nearest")
    results = run(plan, FakeUpscaler(), OPTIONS, lambda pixels: None, threading.Event())
    next(results)
    before = threading.active_count()
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() < before
    assert len(tree("in_sr")) < 30


# what goes on at once


@pytest.mark.parametrize("stage", ["decode", "enlarge"])
def test_other_images_are_finished_meanwhile(stage: str) -> None:
    """The first image stays in one stage until the second is decoded, enlarged and written."""
    photos(2)
    second_done = threading.Event()
    overlapped: list[bool] = []

    def wait_at(here: str, name: str) -> None:
        if (here, name) == (stage, "in/0.png"):
            overlapped.append(second_done.wait(PATIENCE))

    def load(data: bytes, name: str, max_pixels: int) -> AbstractContextManager[LoadedFile]:
        wait_at("decode", name)
        return load_file(data, name, max_pixels)

    upscaler = FakeUpscaler(before=lambda name: wait_at("enlarge", name))
    plan = plan_jobs(["in"], None, OPTIONS, "nearest")
    for result in run(plan, upscaler, OPTIONS, lambda pixels: None, threading.Event(), load):
        if result.input == "in/1.png":
            second_done.set()
    assert overlapped == [True]


# what a kill leaves


def kill_during_a_run(context: ForkServerContext, outputs: int, delay: float) -> None:
    """Let a process upscale ``in``, and kill it ``delay`` seconds after ``outputs`` exist."""
    child = context.Process(target=upscale_for_ever, args=(str(Path.cwd()),))
    child.start()
    while len(list(Path("in_sr").glob("*.png"))) < outputs:
        assert child.is_alive()
        time.sleep(0.001)
    time.sleep(delay)
    child.kill()
    child.join()


def test_a_killed_run_leaves_whole_files_and_is_completed(originals: dict[Path, str]) -> None:
    photos(60)
    originals.update({path: digest(path) for path in Path("in").iterdir()})
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fakes"])
    chance = random.Random(7)
    survived = 0
    for _ in range(10):
        outputs = min(survived + chance.randint(0, 5), 60)
        kill_during_a_run(context, outputs, chance.uniform(0, 0.03))
        assert all(is_whole(path) for path in Path("in_sr").glob("*.png"))
        survived = len(list(Path("in_sr").glob("*.png")))
    assert count(go("in")).get("skipped") == survived  # none is made again without need
    assert tree("in_sr") == sorted(f"{number}.png" for number in range(60))
    assert count(go("in")) == {"skipped": 60}


def test_the_hidden_file_of_a_killed_run_is_removed_behind_a_link() -> None:
    photos(1)
    Path("in_sr").mkdir()
    Path("real").mkdir()
    Path("in_sr/0.png").symlink_to("../real/0.png")
    Path("real/.sr-batch-1.part").touch()
    assert count(go("in")) == {"done": 1}
    assert tree("real") == ["0.png"]


# pipes


def test_standard_input_to_standard_output() -> None:
    (path,) = photos(1)
    code = (
        "import threading\nfrom sr_batch.batch.engine import run\n"
        "from sr_batch.batch.planning import plan_jobs\n"
        "from sr_batch.core.options import UpscaleOptions; from tests.fakes import FakeUpscaler\n"
        "options = UpscaleOptions(); plan = plan_jobs(['-'], None, options, 'm')\n"
        "(done,) = run(plan, FakeUpscaler(), options, lambda n: None, threading.Event())\n"
        "assert (done.status, done.input, done.output) == ('done', '-', '-')"
    )
    root = str(Path(__file__).parents[2])
    ended = subprocess.run(
        [sys.executable, "-c", code],
        input=path.read_bytes(),
        capture_output=True,
        env=os.environ | {"PYTHONPATH": root},
        check=False,
    )
    assert ended.stderr == b""
    with Pillow.open(io.BytesIO(ended.stdout)) as picture:
        assert (picture.format, picture.size) == ("PNG", (12, 8))
    assert tree(".") == ["in/0.png"]
