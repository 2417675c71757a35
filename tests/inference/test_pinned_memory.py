"""Calls through reused buffers, with the CPU provider: ordinary memory stands in for pinned."""

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
from sr_batch.inference.onnx_runtime import CPU
from sr_batch.inference.onnx_session import OnnxSession
from sr_batch.inference.pinned_memory import PinnedRunner
from tests.networks import block_network, conv_network

SHAPES = ((1, 3, 5, 7), (2, 3, 5, 7), (1, 3, 16, 9))


class Allocator:
    """Allocates arrays and records their shapes."""

    def __init__(self) -> None:
        self.shapes: list[Sequence[int]] = []

    def __call__(self, shape: Sequence[int]) -> Any:
        self.shapes.append(shape)
        return onnxruntime.OrtValue.ortvalue_from_shape_and_type(shape, np.float32)


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def runner(path: Path, allocator: Allocator) -> PinnedRunner:
    return PinnedRunner(onnxruntime.InferenceSession(path, providers=[CPU]), 2, allocator)


def test_gives_the_same_bits(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "net.onnx")
    call, session = runner(path, Allocator()), OnnxSession.open(path)
    for seed, shape in enumerate(SHAPES * 2):
        batch = noise(seed, *shape)
        assert np.array_equal(call(batch), session(batch))


def test_an_output_belongs_to_its_caller(tmp_path: Path) -> None:
    call = runner(conv_network(tmp_path / "net.onnx"), Allocator())
    first = call(noise(0, *SHAPES[0]))
    kept = first.copy()
    call(noise(1, *SHAPES[0]))
    assert np.array_equal(first, kept)
    first[:] = 0  # as tile_pass does


def test_accepts_a_batch_that_is_not_contiguous(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "net.onnx")
    turned = noise(0, 1, 3, 9, 6).transpose(0, 1, 3, 2)
    assert np.array_equal(runner(path, Allocator())(turned), OnnxSession.open(path)(turned))


def test_buffers_are_reused_and_limited(tmp_path: Path) -> None:
    allocator = Allocator()
    call = runner(conv_network(tmp_path / "net.onnx"), allocator)
    for seed in range(5):
        call(noise(seed, *SHAPES[0]))
    assert allocator.shapes == [SHAPES[0], (1, 3, 10, 14)]
    for side in range(8, 20):
        call(noise(0, 1, 3, side, side))
    assert len(call._idle) == 4
    call(noise(0, 1, 3, 19, 19))
    assert len(allocator.shapes) == 2 * 13


def test_threads_have_their_own_buffers(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "net.onnx")
    call, session = runner(path, Allocator()), OnnxSession.open(path)
    batches = [noise(seed, *SHAPES[seed % 3]) for seed in range(60)]
    with ThreadPoolExecutor(8) as pool:
        assert all(map(np.array_equal, pool.map(call, batches), map(session, batches)))


def test_buffers_of_a_failed_call_are_dropped(tmp_path: Path) -> None:
    allocator = Allocator()
    call = runner(block_network(tmp_path / "net.onnx"), allocator)
    with pytest.raises(Exception, match="multiple of block_size"):
        call(noise(0, 1, 3, 6, 6))
    assert not call._idle
    assert call(noise(0, 1, 3, 8, 8)).shape == (1, 3, 16, 16)


@pytest.fixture
def pinned_everywhere(monkeypatch: pytest.MonkeyPatch) -> Allocator:
    """Sessions that are opened from now on allocate their buffers here."""
    allocator = Allocator()
    monkeypatch.setattr(onnx_session, "pinned_allocator", lambda provider: allocator)
    return allocator


def test_a_session_uses_pinned_memory_if_available(
    tmp_path: Path, pinned_everywhere: Allocator
) -> None:
    session = OnnxSession.open(conv_network(tmp_path / "net.onnx"))
    assert session(noise(0, *SHAPES[0])).shape == (1, 3, 10, 14)
    assert pinned_everywhere.shapes == [SHAPES[0], (1, 3, 10, 14)]


def test_errors_are_translated(tmp_path: Path, pinned_everywhere: Allocator) -> None:
    session = OnnxSession.open(block_network(tmp_path / "net.onnx"))
    with pytest.raises(ImageError, match="the network failed: "):
        session(noise(0, 1, 3, 6, 6))


def test_a_failed_allocation_is_out_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(shape: Sequence[int]) -> Any:
        raise RuntimeError("Failed to allocate memory for requested buffer of size 10")

    monkeypatch.setattr(onnx_session, "pinned_allocator", lambda provider: refuse)
    with pytest.raises(OutOfMemory):
        OnnxSession.open(conv_network(tmp_path / "net.onnx"))(noise(0, *SHAPES[0]))


def test_batches_of_a_real_network_use_pinned_memory(pinned_everywhere: Allocator) -> None:
    path = choose("espcn")[2].path
    batches = [noise(seed, 1, 1, 24, 32) for seed in range(8)]
    session = Batching(OnnxSession.open(path), 4)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(session, batches))
    plain = onnxruntime.InferenceSession(path, providers=[CPU])
    for batch, output in zip(batches, together, strict=True):
        assert np.array_equal(output, plain.run(None, {"input": batch})[0])
    assert pinned_everywhere.shapes
