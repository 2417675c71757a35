import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from sr_batch.codec import read
from sr_batch.codec.container import Container
from sr_batch.core.geometry import Size
from sr_batch.core.results import Done
from tests.codec.pictures import smooth
from tests.fakes import FakeUpscaler, save_picture
from tests.runs import OPTIONS, count, errors, go, photos


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the files that this process takes apart."""
    sizes: list[int] = []
    take_apart = read._taken_apart

    def spy(data: bytes, kind: str) -> tuple[Container, ...]:
        sizes.append(len(data))
        return take_apart(data, kind)

    monkeypatch.setattr(read, "_taken_apart", spy)
    return sizes


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("verify", [False, True])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "webp", "bmp"])
def test_a_header_is_parsed_once_for_the_plan_and_once_for_the_job(
    parsed: list[int], suffix: str, verify: bool
) -> None:
    source = save_picture(Path(f"in/a.{suffix}"), size=(40, 30))
    (result,) = go("in", options=replace(OPTIONS, verify=verify))
    assert isinstance(result, Done)
    read_once = [source.stat().st_size] * 2
    verified = [source.stat().st_size, Path(f"in_sr/a.{suffix}").stat().st_size]
    assert sorted(parsed) == sorted(read_once + (verified if verify else []))


@pytest.mark.usefixtures("here")
def test_the_header_of_a_finished_input_is_parsed_no_more_often(parsed: list[int]) -> None:
    photos(1)
    go("in")
    parsed.clear()
    assert count(go("in")) == {"skipped": 1}
    assert len(parsed) == 2


@pytest.mark.usefixtures("here")
def test_few_bytes_in_flight_let_one_image_through_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sr_batch.batch.image_job._BYTES_IN_FLIGHT", 1)
    photos(8)
    alone = threading.Lock()
    shared: list[str] = []

    def enter(name: str) -> None:
        if not alone.acquire(blocking=False):
            shared.append(name)
            return
        time.sleep(0.001)  # gives the other threads time to get in
        alone.release()

    assert count(go("in", upscaler=FakeUpscaler(before=enter))) == {"done": 8}
    assert shared == []


def save_scan(path: Path) -> list[np.ndarray]:
    """Three pages; the second is behind the part that planning reads."""
    path.parent.mkdir()
    pages = [smooth(300, 400, 3), smooth(20, 30, 3), smooth(40, 10, 3)]
    with tifffile.TiffWriter(path) as file:
        for page in pages:
            file.write(page, photometric="rgb", metadata=None)
    return pages


@pytest.mark.usefixtures("here")
def test_pages_stay_pages() -> None:
    pages = save_scan(Path("in/scan.tif"))
    (result,) = go("in", options=replace(OPTIONS, verify=True))
    assert isinstance(result, Done)
    assert (result.input_size, result.output_size) == (Size(400, 300), Size(800, 600))
    with tifffile.TiffFile("in_sr/scan.tif") as file:
        assert len(file.pages) == 3
        for number, page in enumerate(pages):
            assert np.array_equal(file.asarray(key=number), page.repeat(2, 0).repeat(2, 1))
    assert count(go("in", options=replace(OPTIONS, verify=True))) == {"skipped": 1}


@pytest.mark.usefixtures("here")
def test_a_format_without_pages_is_refused_before_any_work() -> None:
    save_scan(Path("in/scan.tif"))
    upscaler = FakeUpscaler()
    results = go("in", options=replace(OPTIONS, format="png"), upscaler=upscaler)
    assert len(errors(results)) == 1
    assert "png cannot hold its 3 pages; use --format tif" in errors(results)[0]
    assert upscaler.names == []
    assert not Path("in_sr/scan.png").exists()
