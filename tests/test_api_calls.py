"""Calls of the Python interface: at once, in several processes, stopped, and over folders."""

import logging
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import sr_batch
from sr_batch.core.errors import Stopped, UsageError
from sr_batch.core.results import Done, Failed, Skipped
from sr_batch.inference.onnx_session import OnnxSession
from tests.fakes import save_picture

ROOT = Path(__file__).parents[1]


def noise(*shape: int) -> np.ndarray:
    pixels: np.ndarray = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return pixels


def enlarge_batch(*inputs: str, **options: Any) -> Any:
    return sr_batch.upscale_batch(inputs, model="espcn", device="cpu", **options)


def test_calls_at_once_open_one_network(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    real = OnnxSession.open.__func__  # type: ignore[attr-defined]

    def spy(cls: type[OnnxSession], path: Path, *rest: Any) -> Any:
        opened.append(path)
        return real(cls, path, *rest)

    monkeypatch.setattr(OnnxSession, "open", classmethod(spy))
    pixels = noise(12, 10, 3)

    def call(number: int) -> np.ndarray:
        # Threads for one call make another session, which no other test has opened.
        return sr_batch.upscale(pixels, "vdsr", 3, device="cpu", quality=90 + number)

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(call, range(8)))
    assert len(opened) == 1
    assert all(np.array_equal(each, made[0]) for each in made)


def test_tells_its_progress() -> None:
    shares: list[float] = []
    sr_batch.upscale(noise(80, 70, 3), "espcn", device="cpu", tile=32, progress=shares.append)
    assert shares == sorted(set(shares))
    assert len(shares) > 3
    assert shares[-1] == 1


def test_an_error_of_the_progress_function_reaches_the_caller() -> None:
    def fail(share: float) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sr_batch.upscale(noise(80, 70, 3), "espcn", device="cpu", progress=fail)


def test_a_stop_ends_a_call() -> None:
    stop = threading.Event()
    with pytest.raises(Stopped):
        sr_batch.upscale(
            noise(80, 70, 3),
            "espcn",
            device="cpu",
            tile=32,
            stop=stop,
            progress=lambda _: stop.set(),
        )


FORKED = """
import os, sys
import numpy as np
import sr_batch

pixels = np.zeros((40, 40, 3), np.uint8)
first = sr_batch.upscale(pixels, "espcn", device="cpu")
child = os.fork()
same = np.array_equal(sr_batch.upscale(pixels, "espcn", device="cpu"), first)
if not child:
    os._exit(0 if same else 1)
print(os.waitpid(child, 0)[1], same)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_has_its_own_networks_and_threads() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout.split() == ["0", "True"]


@pytest.mark.usefixtures("here")
def test_enlarges_folders() -> None:
    for number in range(3):
        save_picture(Path("in", f"{number}.png"), number, (30, 20))
    Path("in/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    shares: list[float] = []
    results = {Path(each.input).name: each for each in enlarge_batch("in", progress=shares.append)}
    assert sorted(results) == ["0.png", "1.png", "2.png", "broken.png"]
    assert isinstance(results["broken.png"], Failed)
    for number in range(3):
        done = results[f"{number}.png"]
        assert isinstance(done, Done)
        with Pillow.open(done.output) as picture, Pillow.open(done.input) as source:
            expected = sr_batch.upscale(np.asarray(source), "espcn", device="cpu")
            np.testing.assert_array_equal(np.asarray(picture), expected)
    assert shares == sorted(set(shares))
    assert shares[-1] == 1
    again = list(enlarge_batch("in"))
    assert sum(isinstance(each, Skipped) for each in again) == 3


@pytest.mark.usefixtures("here")
def test_a_file_and_its_output_may_be_paths() -> None:
    path = save_picture(Path("a.png"))
    (done,) = sr_batch.upscale_batch(path, Path("b.jpg"), "espcn", "3", device="cpu")
    assert isinstance(done, Done)
    with Pillow.open("b.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (18, 12))


@pytest.mark.usefixtures("here")
def test_a_batch_ends_when_nobody_takes_results() -> None:
    for number in range(6):
        save_picture(Path("in", f"{number}.png"), number)
    results = enlarge_batch("in", output="out", jobs=1)
    assert next(results).status == "done"
    results.close()
    stop = threading.Event()
    stop.set()
    assert {each.status for each in enlarge_batch("in", output="new", stop=stop)} == {"not_run"}


@pytest.mark.usefixtures("here")
def test_an_error_of_the_progress_function_ends_the_batch() -> None:
    def fail(share: float) -> None:
        raise ZeroDivisionError

    save_picture(Path("a.png"))
    with pytest.raises(ZeroDivisionError):
        list(enlarge_batch("a.png", progress=fail))


@pytest.mark.usefixtures("here")
def test_messages_of_a_batch_name_arguments(caplog: pytest.LogCaptureFixture) -> None:
    save_picture(Path("in/a.png"))
    with pytest.raises(UsageError, match=r"gone\.png"):
        list(enlarge_batch("gone.png"))
    (failed,) = enlarge_batch("in/a.png", output="out", max_pixels=9)
    assert isinstance(failed, Failed)
    assert "max_pixels=24" in failed.error
    list(enlarge_batch("in", output="out"))
    with caplog.at_level(logging.INFO, "sr_batch"):
        list(enlarge_batch("in", output="out", scale=3))
    assert "to keep them, give the options that made them, or another folder with output" in (
        caplog.text
    )
