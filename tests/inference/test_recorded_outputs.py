from pathlib import Path

import numpy as np
import pytest

from sr_batch.core.errors import SrBatchError
from sr_batch.inference.model_catalog import ModelFile, find_models
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.recorded_outputs import (
    TOLERANCE,
    Record,
    largest_difference,
    load_record,
    record_path,
    save_record,
)
from sr_batch.inference.session import Batch
from tests.networks import NearestSession

MODELS = pytest.mark.parametrize("model", find_models(), ids=lambda model: model.path.stem)


@pytest.fixture
def record() -> Record:
    session, random = NearestSession(), np.random.default_rng(0)
    inputs = [random.random((1, 3, *size), np.float32) for size in ((1, 1), (2, 3))]
    return [(given, session(given)) for given in inputs]


@MODELS
def test_an_exported_network_agrees_with_its_record(model: ModelFile) -> None:
    session = OnnxSession.open(model.path)
    difference = largest_difference(session, load_record(record_path(model.path)))
    assert difference <= TOLERANCE[session.spec.precision]


def test_a_record_survives_saving_and_loading(record: Record, tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        save_record(tmp_path / name, record)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = load_record(tmp_path / "a.npz")
    assert len(again) == len(record)
    for pair, other in zip(record, again, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(pair, other, strict=True))


def test_finds_the_largest_difference(record: Record) -> None:
    def brighter(batch: Batch) -> Batch:
        return np.add(NearestSession()(batch), 0.25 if batch.shape[2] == 2 else 0, dtype=np.float32)

    assert largest_difference(NearestSession(), record) == 0
    assert largest_difference(brighter, record) == pytest.approx(0.25)


def test_nan_is_not_a_small_difference(record: Record) -> None:
    difference = largest_difference(lambda batch: NearestSession()(batch) * np.nan, record)
    assert not difference <= 1


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 truncated"])
def test_an_unreadable_record_names_the_command_that_creates_it(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "small_x2.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SrBatchError, match=r"small_x2.npz.*python -m training record"):
        load_record(path)


def test_fp16_is_compared_with_the_record_of_fp32() -> None:
    assert record_path(Path("a/edsr_x2_fp16.onnx")) == Path("a/edsr_x2.npz")
    assert record_path(Path("a/edsr_x2.onnx")) == Path("a/edsr_x2.npz")
    assert record_path(Path("a/edsr_x2_int8.onnx")) == Path("a/edsr_x2_int8.npz")
