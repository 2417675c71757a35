"""Calls through bound memory, with the CPU provider: ordinary memory in place of a GPU's."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from sr_batch.core.errors import ImageError, OutOfMemory
from sr_batch.inference import onnx_session
from sr_batch.inference.batching import Batching
from sr_batch.inference.model_catalog import choose
from sr_batch.inference.onnx_session import CPU, OnnxSession, pinned
from sr_batch.inference.pinned_memory import Bound
from tests.networks import block_network, conv_network

SHAPES = ((1, 3, 5, 7), (2, 3, 5, 7), (1, 3, 16, 9))


class Room:
    """Gives arrays out and counts them."""

    def __init__(self) -> None:
        self.shapes: list[Sequence[int]] = []

    def __call__(self, shape: Sequence[int]) -> Any:
        self.shapes.append(shape)
        return onnxruntime.OrtValue.ortvalue_from_shape_and_type(shape, np.float32)


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def bound(path: Path, room: Room) -> Bound:
    return Bound(onnxruntime.InferenceSession(path, providers=[CPU]), 2, room)


def test_gives_the_same_bits(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "net.onnx")
    call, session = bound(path, Room()), OnnxSession.open(path)
    for seed, shape in enumerate(SHAPES * 2):
        batch = noise(seed, *shape)
        assert np.array_equal(call(batch), session(batch))


def test_an_output_is_the_callers_own(tmp_path: Path) -> None:
    call = bound(conv_network(tmp_path / "net.onnx"), Room())
    first = call(noise(0, *SHAPES[0]))
    kept = first.copy()
    call(noise(1, *SHAPES[0]))
    assert np.array_equal(first, kept)
    first[:] = 0  # as the pipeline does


def test_takes_what_is_no_block_of_memory(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "net.onnx")
    turned = noise(0, 1, 3, 9, 6).transpose(0, 1, 3, 2)
    assert np.array_equal(bound(path, Room())(turned), OnnxSession.open(path)(turned))


def test_memory_is_used_again_and_bounded(tmp_path: Path) -> None:
    room = Room()
    call = bound(conv_network(tmp_path / "net.onnx"), room)
    for seed in range(5):
        call(noise(seed, *SHAPES[0]))
    assert room.shapes == [SHAPES[0], (1, 3, 10, 14)]
    for side in range(8, 20):
        call(noise(0, 1, 3, side, side))
    assert len(call._idle) == 4
    call(noise(0, 1, 3, 19, 19))
    assert len(room.shapes) == 2 * 13


def test_threads_have_places_of_their_own(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "net.onnx")
    call, session = bound(path, Room()), OnnxSession.open(path)
    batches = [noise(seed, *SHAPES[seed % 3]) for seed in range(60)]
    with ThreadPoolExecutor(8) as pool:
        assert all(map(np.array_equal, pool.map(call, batches), map(session, batches)))


def test_a_place_that_failed_is_not_used_again(tmp_path: Path) -> None:
    room = Room()
    call = bound(block_network(tmp_path / "net.onnx"), room)
    with pytest.raises(Exception, match="multiple of block_size"):
        call(noise(0, 1, 3, 6, 6))
    assert not call._idle
    assert call(noise(0, 1, 3, 8, 8)).shape == (1, 3, 16, 16)


def test_the_processor_needs_none() -> None:
    assert pinned(CPU) is None
    assert pinned("CUDAExecutionProvider") is None or onnxruntime.get_device() == "GPU"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Room:
    """Sessions that are opened now take their memory from here."""
    room = Room()
    monkeypatch.setattr(onnx_session, "pinned", lambda provider: room)
    return room


def test_a_session_goes_through_it_where_there_is_some(tmp_path: Path, at_once: Room) -> None:
    session = OnnxSession.open(conv_network(tmp_path / "net.onnx"))
    assert session(noise(0, *SHAPES[0])).shape == (1, 3, 10, 14)
    assert at_once.shapes == [SHAPES[0], (1, 3, 10, 14)]


def test_what_fails_is_translated(tmp_path: Path, at_once: Room) -> None:
    session = OnnxSession.open(block_network(tmp_path / "net.onnx"))
    with pytest.raises(ImageError, match="the network failed: "):
        session(noise(0, 1, 3, 6, 6))


def test_no_room_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(shape: Sequence[int]) -> Any:
        raise RuntimeError("Failed to allocate memory for requested buffer of size 10")

    monkeypatch.setattr(onnx_session, "pinned", lambda provider: refuse)
    with pytest.raises(OutOfMemory):
        OnnxSession.open(conv_network(tmp_path / "net.onnx"))(noise(0, *SHAPES[0]))


def test_batches_of_a_real_network_go_through_it(at_once: Room) -> None:
    path = choose("espcn")[2].path
    batches = [noise(seed, 1, 1, 24, 32) for seed in range(8)]
    session = Batching(OnnxSession.open(path), 4)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(session, batches))
    plain = onnxruntime.InferenceSession(path, providers=[CPU])
    for batch, output in zip(batches, together, strict=True):
        assert np.array_equal(output, plain.run(None, {"input": batch})[0])
    assert at_once.shapes
