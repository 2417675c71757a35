"""Adds files as a user does, with real processes."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

import sr_batch
from sr_batch.cli.models_add import usable_model
from sr_batch.core.errors import ImportRefused, UnknownModel, UsageError
from sr_batch.core.model_spec import to_metadata
from sr_batch.core.options import UpscaleOptions
from sr_batch.importing import adding, renewing, sandbox, steps, store
from sr_batch.importing.adding import Wishes, add, name_of, usable
from sr_batch.importing.weights import convert
from sr_batch.inference import user_models
from sr_batch.inference.model_catalog import all_models, choose
from sr_batch.inference.onnx_session import OnnxSession, read_spec
from tests.importing.foreign import enlarger, external, slow
from tests.networks import conv_network, make_spec

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of added models, of this test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return user_models.folder()


def quiet(_: str) -> None: ...


@pytest.fixture
def steps_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the steps in this process, which takes a second less for each."""

    def run(name: str, folder: Path, request: Any, readable: Any = ()) -> Any:
        return json.loads(json.dumps(steps.STEPS[name](folder, request)))

    for module in (adding, renewing):
        monkeypatch.setattr(module, "run_step", run)


def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a newer version of sr-batch run from now on."""
    monkeypatch.setattr(store, "PROBE", store.PROBE + 1)
    monkeypatch.setattr(renewing, "PROBE", store.PROBE)


def test_an_added_model_is_a_model_like_any_other(tmp_path: Path) -> None:
    source = enlarger(tmp_path / "Sharp one_2x.onnx")
    lines: list[str] = []
    model = add(source, Wishes(licence="CC0"), lines.append)
    assert (model.name, model.scale) == ("Sharp-one", 2)
    assert [line.rpartition(": ")[2] for line in lines][:2] == ["reading", "measuring"]
    assert "Sharp-one" in {each.name for each in all_models()}
    chosen = choose("Sharp-one", "auto")[2]
    assert read_spec(chosen.path).licence == "CC0"
    assert not list((user_models.folder() / ".work").iterdir())


def test_a_file_is_added_on_first_use_and_remembered_by_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = enlarger(tmp_path / "a.onnx")
    path = usable(str(source), quiet)
    moved = source.rename(tmp_path / "b.onnx")
    monkeypatch.setattr(adding, "add", None)
    assert usable(str(moved), quiet) == path
    assert read_spec(Path(path)).name == "a"


@pytest.mark.usefixtures("steps_here")
def test_a_model_that_an_older_version_measured_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, lines = enlarger(tmp_path / "a.onnx"), list[str]()
    before = add(source, Wishes("own", "CC0"), quiet)
    newer(monkeypatch)
    assert usable("own", lines.append) == "own"
    assert lines == ["own x2 was measured by another version of sr-batch, and is measured again"]
    (after,) = user_models.user_models()
    assert (after.path, after.record["probe"]) == (before.path, store.PROBE)
    assert (after.name, after.record["licence"]) == ("own", "CC0")
    monkeypatch.setattr(adding, "add", None)
    for name in ("own", str(source), str(before.path)):
        assert usable(name, lines.append) in ("own", str(before.path))
    assert len(lines) == 1


@pytest.mark.usefixtures("steps_here")
def test_a_model_whose_source_is_gone_is_measured_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = enlarger(tmp_path / "a.onnx", gain=255.0)
    before = add(source, Wishes(), quiet)
    picture = np.random.default_rng(0).random((1, 3, 40, 40), np.float32)
    expected, digest = OnnxSession.open(before.path)(picture), before.record["sha256"]
    source.unlink()
    newer(monkeypatch)
    with ThreadPoolExecutor(3) as pool:  # at once, as several processes do it
        list(pool.map(lambda _: usable("a", quiet), range(3)))
    (after,) = user_models.user_models()
    assert after.record["source_sha256"] == before.record["source_sha256"]
    assert after.record["probe"] == store.PROBE
    assert after.record["sha256"] != digest
    assert np.array_equal(OnnxSession.open(after.path)(picture), expected)


def test_models_of_sr_batch_are_used_as_they_are(data: Path) -> None:
    path = str(ROOT / "exported" / "fast_x2.onnx")
    assert usable(path, quiet) == path
    assert usable("edsr", quiet) == "edsr"
    assert not data.exists()


def test_a_contract_that_a_file_claims_is_not_believed(tmp_path: Path) -> None:
    source = enlarger(tmp_path / "a.onnx", radius=5)
    model = onnx.load(source)
    helper.set_model_props(model, to_metadata(make_spec(scale=4, overlap=0)))
    onnx.save(model, source)
    spec = read_spec(Path(usable(str(source), quiet)))
    assert spec.scale == 2
    assert spec.overlap >= 5


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    model = add(enlarger(tmp_path / "a.onnx"), Wishes(), quiet)
    model.path.write_bytes(model.path.read_bytes() + b"\0")
    with pytest.raises(UnknownModel, match="not as it was added"):
        choose("a")
    with pytest.raises(UnknownModel, match="not as it was added"):
        choose(str(model.path))


def save(folder: Path, name: str = "a", source: str = "1") -> Any:
    folder.mkdir(exist_ok=True)
    path = enlarger(folder / "made.onnx")
    return store.save(path, name, 2, {"source": "/x", "source_sha256": source, "measured": {}})


def test_a_name_belongs_to_one_file(tmp_path: Path) -> None:
    save(tmp_path)
    save(tmp_path)
    with pytest.raises(UsageError, match=r"a x2 was added already, from /x.*--name"):
        save(tmp_path, source="2")
    store.remove("a")
    save(tmp_path, source="2")


def test_a_name_that_is_taken_is_made_unique_on_first_use(tmp_path: Path) -> None:
    save(tmp_path, "same")
    path = Path(usable(str(enlarger(tmp_path / "same.onnx")), quiet))
    assert path.name.startswith("same-")
    assert {each.name for each in user_models.user_models()} == {"same", read_spec(path).name}


def test_a_model_that_does_not_enlarge_runs_at_scale_one(tmp_path: Path) -> None:
    spec = make_spec(scale=1, name="clean")
    record = {"source": "/x", "source_sha256": "1"}
    path = store.save(conv_network(tmp_path / "a.onnx", 1, spec=spec), "clean", 1, record).path
    assert usable_model(UpscaleOptions(model="clean")).scale == 1
    assert usable_model(UpscaleOptions(model=str(path))).scale == 1
    assert usable_model(UpscaleOptions(model="clean", scale=2)).scale == 2
    assert usable_model(UpscaleOptions(model="clean", width=99)).scale is None
    assert usable_model(UpscaleOptions(model="edsr")).scale is None
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    cleaned = sr_batch.upscale(picture, model="clean")
    assert cleaned.shape == picture.shape
    assert not np.array_equal(cleaned, picture)


def test_removes_a_model(tmp_path: Path) -> None:
    path = save(tmp_path).path
    assert store.remove("a") == [path]
    assert not path.exists()
    with pytest.raises(UnknownModel, match="no model a was added"):
        store.remove("a")


def test_a_damaged_record_is_no_model(tmp_path: Path) -> None:
    save(tmp_path).path.with_suffix(".json").write_text("{")
    assert list(user_models.user_models()) == []


@pytest.mark.parametrize("name", ["../evil", "a b", "", ".hidden", "a/b", "x" * 99])
def test_names_that_are_no_file_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImportRefused, match="a name has letters"):
        adding._require_name(name)


def test_names_of_sr_batch_are_taken() -> None:
    with pytest.raises(ImportRefused, match="edsr is a model of sr-batch"):
        adding._require_name("edsr")


@pytest.mark.parametrize(
    ("file", "scale", "name"),
    [
        ("realesr-animevideov3-x2.param", 2, "realesr-animevideov3"),
        ("RealESRGAN_x4plus.pth", 4, "RealESRGAN_x4plus"),
        ("2x Näme (1).onnx", 2, "2x-N-me-1"),
        ("x2.onnx", 2, "model"),
        ("a_x4.onnx", 2, "a_x4"),
    ],
)
def test_takes_the_name_of_the_file(file: str, scale: int, name: str) -> None:
    assert name_of(Path(file), scale) == name


# Limits


@pytest.mark.slow
def test_a_file_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sandbox.run_step

    def hurried(name: str, folder: Path, request: Any, readable: Any = ()) -> Any:
        return real(name, folder, request, readable, seconds=15)

    monkeypatch.setattr(sandbox, "_patience", lambda: 1.0)
    monkeypatch.setattr(adding, "run_step", hurried)
    with pytest.raises(ImportRefused, match=r"takes more than 15 seconds"):
        add(slow(tmp_path / "slow.onnx"), Wishes(), quiet)


CONFINED = """
import json, socket, sys
from pathlib import Path
from sr_batch.importing.confine import confine
folder, secret = Path(sys.argv[1]), Path(sys.argv[2])
confined = confine([folder / "read.txt"], [folder / "write"])
denied = []
def attempt(name, act):
    try:
        act()
    except PermissionError:
        denied.append(name)
    except OSError:
        pass
attempt("read", (folder / "read.txt").read_text)
attempt("write", lambda: (folder / "write" / "a").write_text("x"))
attempt("change", lambda: (folder / "read.txt").write_text("x"))
attempt("secret", secret.read_text)
attempt("list", lambda: list(secret.parent.iterdir()))
attempt("create", lambda: (secret.parent / "new").write_text("x"))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", 9), 1))
print(json.dumps([confined, denied]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is a part of Linux")
def test_a_confined_process_has_no_other_files_and_no_network(tmp_path: Path) -> None:
    (tmp_path / "own" / "write").mkdir(parents=True)
    (tmp_path / "own" / "read.txt").write_text("mine")
    (tmp_path / "secret.txt").write_text("secret")
    places = map(str, (tmp_path / "own", tmp_path / "secret.txt"))
    command = [sys.executable, "-c", CONFINED, *places]
    run = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    confined, denied = json.loads(run.stdout)
    expected = ["change", "secret", "list", "create", "connect"] if confined else []
    assert denied == expected


def test_processes_of_a_step_end_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nsleep 1000 & echo $! > {tmp_path}/pid\nwait\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(sandbox, "_patience", lambda: 1.0)
    with pytest.raises(ImportRefused, match="takes more than 2 seconds"):
        sandbox.run_step("measure", tmp_path, {}, seconds=2)
    pid = (tmp_path / "pid").read_text().strip()
    until = time.monotonic() + 10  # a killed process may need a moment to end
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(pid)


def is_alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_step_that_uses_up_its_processor_time_is_too_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nkill -PROF $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(ImportRefused, match="takes more than 55 seconds to try: take a smaller"):
        sandbox.run_step("measure", tmp_path, {})


def test_a_step_that_dies_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ImportRefused, match="ends the process that tries it"):
        sandbox.run_step("measure", tmp_path, {})


def test_half_precision_and_weights_beside_the_file(tmp_path: Path) -> None:
    model = add(external(tmp_path / "a.onnx", "a.bin"), Wishes(range="0..1"), quiet)
    assert model.record["measured"]["format"]["range"] == "0..1"
    assert np.isfinite(model.record["measured"]["likeness"])


def test_a_refusal_names_the_file_once_and_as_the_user_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.param").write_text("7767517\n0 0\n")
    with pytest.raises(ImportRefused) as refusal:
        add(Path("a.param"), Wishes(), quiet)
    assert str(refusal.value).count("a.param") == 1


def test_missing_libraries_are_named_before_the_conversion_is_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``find_spec`` finds none of them; what the first step found is that the file needs them."""
    monkeypatch.setattr(adding, "run_step", lambda *_: {"torch": True})
    monkeypatch.setattr(convert, "find_spec", lambda name: None)
    (tmp_path / "a.pth").write_bytes(b"weights")
    told: list[str] = []
    with pytest.raises(ImportRefused, match=r"needs torch, spandrel, safetensors, onnxscript; "):
        add(tmp_path / "a.pth", Wishes(), told.append)
    assert told == ["a.pth: reading"]
