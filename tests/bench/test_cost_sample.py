"""The sample of a collection, and what a small network takes for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from sr_batch import codec
from sr_batch.bench.cost_sample import Sample, draw_sample, given, measure, take_sample
from sr_batch.core.errors import UsageError
from sr_batch.core.options import UpscaleOptions
from tests.fakes import save_picture
from tests.networks import conv_network


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(6):
        save_picture(tmp_path / "in" / f"{number}.png", number, (40 + number, 30))
    return tmp_path / "in"


def test_a_sample_is_the_same_each_time(photos: Path) -> None:
    first, again = (take_sample([str(photos)], 3, pytest.fail) for _ in range(2))
    assert (len(first.photographs), first.found) == (3, 6)
    assert [each.pixels for each in first.photographs] == [
        each.pixels for each in again.photographs
    ]
    everything = take_sample([str(photos)], 100, pytest.fail)
    assert everything.pixels == 42.5 * 30
    assert everything.bytes == sum(file.stat().st_size for file in photos.iterdir()) / 6


def test_photographs_that_cannot_be_read_are_left_out(photos: Path) -> None:
    for path in photos.iterdir():
        path.write_bytes(path.read_bytes()[:60])
    said: list[str] = []
    with pytest.raises(UsageError, match="no photograph can be read"):
        take_sample([str(photos)], 8, said.append)
    assert len(said) == 6
    assert all(line.startswith("left out: ") for line in said)


def test_another_size_scales_bytes_and_decoding(photos: Path) -> None:
    sample = take_sample([str(photos)], 8, pytest.fail)
    larger = sample.of_size(10 * sample.pixels)
    assert larger.bytes == pytest.approx(10 * sample.bytes)
    before, after = (sum(e.decode_seconds for e in s.photographs) for s in (sample, larger))
    assert after == pytest.approx(10 * before)


def test_a_network_is_measured_on_the_parts(photos: Path, tmp_path: Path) -> None:
    network = conv_network(tmp_path / "net.onnx")
    options = UpscaleOptions(model=str(network), scale=2, device="cpu", format="png")
    sample = take_sample([str(photos)], 8, pytest.fail)
    found = measure(sample, options, pytest.fail)
    assert found.provider == "CPUExecutionProvider"
    assert found.work.core_seconds > 0
    assert found.work.gpu_seconds == 0
    assert found.work.bytes_read == sample.bytes
    assert 2 < found.work.bytes_written / (4 * sample.pixels) < 4  # noise in PNG: 3 bytes a pixel
    decoding = replace(
        sample, photographs=[replace(e, decode_seconds=1000.0) for e in sample.photographs]
    )
    assert 1000 < measure(decoding, options, pytest.fail).work.core_seconds < 1010


def test_a_throughput_is_that_of_a_core_or_a_gpu() -> None:
    sample, options = draw_sample(12.0), UpscaleOptions(scale=2)
    work = given(sample, 0.5e6, False, options)
    assert (work.core_seconds, work.gpu_seconds) == (24, 0)
    assert work.bytes_read == pytest.approx(12e6 * codec.FORMATS["jpg"].likely_bytes_per_pixel)
    assert work.bytes_written == pytest.approx(4 * work.bytes_read)
    work = given(sample, 0.5e6, True, replace(options, format="png"))
    assert (work.core_seconds, work.gpu_seconds) == (0, 24)
    assert work.bytes_written == pytest.approx(48e6 * codec.FORMATS["png"].likely_bytes_per_pixel)


def test_a_drawn_sample_says_so() -> None:
    sample = draw_sample(2.0)
    assert sample.found == 0
    assert sample.pixels == pytest.approx(2e6)
    assert isinstance(sample, Sample)
