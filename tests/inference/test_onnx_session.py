import math
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from sr_batch.core.errors import ImageError, OutOfMemory, Stopped, TookTooLong, UnknownModel
from sr_batch.inference import onnx_session
from sr_batch.inference.onnx_runtime import CPU
from sr_batch.inference.onnx_session import OnnxSession, most_seconds, read_spec, until
from tests.networks import block_network, conv_network, long_network, make_spec, save

ROOT = Path(__file__).parents[2]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def identity(*names: str) -> onnx.NodeProto:
    return helper.make_node("Identity", [names[0]], [names[1]])


def test_enlarges_by_the_scale_of_its_contract(tmp_path: Path) -> None:
    session = OnnxSession.open(conv_network(tmp_path / "net.onnx", scale=3))
    assert session(noise(2, 3, 5, 7)).shape == (2, 3, 15, 21)
    assert session(noise(1, 3, 1, 1)).shape == (1, 3, 3, 3)
    assert session(noise(1, 3, 4, 4)).dtype == np.float32


def test_knows_its_contract_and_its_provider(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "net.onnx")
    session = OnnxSession.open(path)
    assert session.provider == CPU
    assert session.spec == read_spec(path) == make_spec(receptive_field=5, overlap=2)


def test_threads_can_share_a_session(tmp_path: Path) -> None:
    session = OnnxSession.open(conv_network(tmp_path / "net.onnx"))
    batches = [noise(1, 3, 20 + i, 30) for i in range(16)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(session, batches))
    alone = [session(batch) for batch in batches]
    assert all(map(np.array_equal, together, alone))


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match=r"gone\.onnx: no such file"):
        OnnxSession.open(tmp_path / "gone.onnx")
    with pytest.raises(UnknownModel, match="no such file"):
        OnnxSession.open(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no network at all", bytes(1000)])
def test_refuses_a_file_that_is_not_a_network(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.onnx"
    path.write_bytes(content)
    with pytest.raises(UnknownModel, match=r"text\.onnx: ONNX Runtime cannot load it: .") as caught:
        read_spec(path)
    assert "\n" not in str(caught.value)


def test_refuses_an_unknown_operator(tmp_path: Path) -> None:
    path = save(tmp_path / "net.onnx", [helper.make_node("Foo", ["input"], ["output"])], {}, None)
    with pytest.raises(UnknownModel, match="cannot load it"):
        OnnxSession.open(path)


def test_refuses_a_network_without_a_contract(tmp_path: Path) -> None:
    path = save(tmp_path / "net.onnx", [identity("input", "output")], {}, None)
    with pytest.raises(
        UnknownModel, match="is not a model that was exported for sr-batch"
    ) as caught:
        OnnxSession.open(path)
    assert "\n" not in str(caught.value)


def test_refuses_inputs_of_another_name(tmp_path: Path) -> None:
    names = ("x", "y")
    path = save(tmp_path / "net.onnx", [identity(*names)], {}, make_spec(), names)
    with pytest.raises(UnknownModel, match="break the contract"):
        OnnxSession.open(path)


def test_refuses_outputs_of_another_scale(tmp_path: Path) -> None:
    session = OnnxSession.open(
        save(tmp_path / "net.onnx", [identity("input", "output")], {}, make_spec(scale=2))
    )
    with pytest.raises(ImageError, match="its contract says x2"):
        session(noise(1, 3, 4, 4))


def test_a_call_ends_when_nobody_waits_for_it_and_the_session_works_on(tmp_path: Path) -> None:
    session = OnnxSession.open(long_network(tmp_path / "net.onnx"))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        until(session, stop)(noise(1, 3, 128, 128))
    assert session(noise(1, 3, 8, 8)).shape == (1, 3, 8, 8)


def test_a_call_ends_when_it_takes_far_longer_than_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = replace(make_spec(scale=1, name="slow"), pace=1e-9)
    session = OnnxSession.open(long_network(tmp_path / "net.onnx", spec=spec))
    monkeypatch.setattr(onnx_session, "_LEAST_SECONDS", 0.005)
    with pytest.raises(TookTooLong, match=r"slow takes more than .* 128x64 pixels.*--tile 64"):
        session(noise(1, 3, 64, 128))


def test_a_call_has_a_multiple_of_the_measured_time_and_never_little() -> None:
    spec = make_spec()
    assert most_seconds(spec, (1, 3, 900, 900)) == math.inf
    assert most_seconds(replace(spec, pace=1e-6), (1, 3, 100, 100)) == 60
    assert most_seconds(replace(spec, pace=1e-3), (2, 3, 100, 100)) == 1000
    whole = replace(spec, pace=1e-3, whole=True)
    assert most_seconds(whole, (1, 3, 192, 96)) == 2 * 50e-3 * 192 * 96


def test_translates_errors_of_the_runtime(tmp_path: Path) -> None:
    session = OnnxSession.open(block_network(tmp_path / "net.onnx"))
    with pytest.raises(ImageError, match="the network failed: ") as caught:
        session(noise(1, 3, 5, 5))
    assert not isinstance(caught.value, OutOfMemory)
    assert "\n" not in str(caught.value)


# Runs in its own process, because it limits its memory.
STARVED = """
import resource, sys
from pathlib import Path
import numpy as np
from sr_batch.core.errors import OutOfMemory
from sr_batch.inference.onnx_session import OnnxSession

session = OnnxSession.open(Path(sys.argv[1]))
session(np.zeros((1, 3, 8, 8), np.float32))
taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (taken + (64 << 20), resource.RLIM_INFINITY))
try:
    session(np.zeros((1, 3, 1024, 1024), np.float32))
except OutOfMemory as error:
    print(error)
print(session(np.zeros((1, 3, 64, 64), np.float32)).shape)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_reports_that_memory_ran_out_and_still_works(tmp_path: Path) -> None:
    path = conv_network(tmp_path / "net.onnx", width=64)
    command = [sys.executable, "-c", STARVED, str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["out of memory", "(1, 3, 128, 128)"]
    assert run.stderr == ""
