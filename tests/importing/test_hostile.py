"""Hostile files. What a check can notice is refused before the network runs, in milliseconds.

``python -m tests.importing.hostile`` gives every one of them to the real command.
"""

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx.helper import set_model_props

from sr_batch.cli.models import _text
from sr_batch.core.errors import ImportRefused
from sr_batch.core.model_spec import PIXEL_BYTES, to_metadata
from sr_batch.importing import adding, sandbox
from sr_batch.importing.adding import Wishes, add
from sr_batch.importing.child import ANSWER
from sr_batch.inference import user_models
from sr_batch.inference.onnx_session import read_spec
from tests.importing import in_process
from tests.importing.foreign import enlarger
from tests.importing.hostile.__main__ import tried
from tests.importing.hostile.case import Case
from tests.importing.hostile.every import CASES
from tests.networks import make_spec

HINT = re.compile(
    r"\b(add|download|export|fetch|give|load|merge|put|save|state|take|unpack)\b"
    r"|ONNX, \.pth, .* are read"
)
CHECKED = [case for case in CASES if not case.runs]
# These take all memory, all time, or the process itself with them.
ALONE = {
    "a value that doubles 40 times",
    "a division that crashes ONNX Runtime",
    "a product of hours",
    "convolutions of hours",
}
RUN = [case for case in CASES if case.runs and case.name not in ALONE]
# One for each way out of the real processes: a check, a crash, a lack of memory.
THROUGH_THE_COMMAND = (
    "escape codes in the name of an operator",
    "a division that crashes ONNX Runtime",
    "a value that doubles 40 times",
)


def quiet(_: str) -> None: ...


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the files. Only reading them is allowed: no network is called."""

    def run_step(name: str, *arguments: Any) -> Any:
        assert name == "convert", "it was not refused by a check"
        return in_process.run_step(name, *arguments)

    monkeypatch.setattr(adding, "run_step", run_step)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "input").mkdir()
    return tmp_path / "input"


@pytest.mark.parametrize("case", CHECKED, ids=lambda case: case.name)
def test_a_hostile_file_is_refused_in_one_line_that_names_it(places: Path, case: Case) -> None:
    source = case.make(places)
    with pytest.raises(ImportRefused, match=case.words) as refusal:
        add(source, Wishes(), quiet)
    message = str(refusal.value)
    assert message.startswith(str(source))
    assert message.isprintable()
    assert HINT.search(message.removeprefix(str(source))), "it must say what to do"
    assert len(message.removeprefix(str(source))) < 400
    assert not [path for path in user_models.folder().rglob("*") if path.name != ".work"]


@pytest.mark.parametrize("case", RUN, ids=lambda case: case.name)
def test_a_network_that_misbehaves_is_refused_in_one_line(tmp_path: Path, case: Case) -> None:
    source = case.make(tmp_path)
    in_process.run_step("convert", tmp_path, {"source": str(source)})
    with pytest.raises(ImportRefused, match=case.words) as refusal:
        in_process.run_step("measure", tmp_path, {"range": None, "bgr": False})
    assert str(refusal.value).isprintable()


def test_there_are_forty_of_them() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 40


@pytest.mark.parametrize("name", THROUGH_THE_COMMAND)
def test_the_command_refuses_it(tmp_path: Path, name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    outcome, wrong = tried(case, tmp_path)
    assert not wrong, outcome


def test_a_file_that_changes_while_it_is_read_is_refused(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = places / "net.onnx"
    source.write_bytes(b"what was checked")

    def convert(*_: Any) -> Any:
        source.write_bytes(b"what was loaded")
        return {"kind": "ONNX", "torch": False}

    monkeypatch.setattr(adding, "run_step", convert)
    with pytest.raises(ImportRefused, match=r"net\.onnx: it changed while it was read: add it aga"):
        add(source, Wishes(), quiet)


def test_a_refusal_names_the_file_as_the_user_wrote_it(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(places)
    (places / "a\nb.onnx").write_bytes(b"")
    with pytest.raises(ImportRefused) as refusal:
        add(Path("a\nb.onnx"), Wishes(), quiet)
    assert str(refusal.value) == r"a\nb.onnx: it is empty; is the download complete?"


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is a part of Linux")
def test_a_step_cannot_read_what_it_was_not_given(tmp_path: Path) -> None:
    """Should a check be wrong one day, the kernel still denies the file."""
    (tmp_path / "work").mkdir()
    secret = enlarger(tmp_path / "secret.onnx")
    request = {"source": str(secret)}
    allowed = sandbox.run_step("convert", tmp_path / "work", request, [tmp_path])
    assert allowed["kind"] == "ONNX"
    answer = json.loads((tmp_path / "work" / ANSWER).read_text())
    if answer["confined"]:
        with pytest.raises(ImportRefused, match="cannot be read: Permission denied"):
            sandbox.run_step("convert", tmp_path / "work", request)


def test_the_size_of_a_weight_is_counted_before_it_is_read(places: Path) -> None:
    """A file of 3 GiB may be a network; its weights do not fit into one ONNX file."""
    (places / "net.onnx").write_bytes(b"\x08\x08")
    os.truncate(places / "net.onnx", 3 << 30)
    with pytest.raises(ImportRefused, match="over 2 GiB with its weights"):
        in_process.run_step("convert", places, {"source": str(places / "net.onnx")})


def test_a_forged_contract_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It claims tiles without overlap, pictures of 4096 pixels, and hardly any memory."""
    monkeypatch.setattr(adding, "run_step", in_process.run_step)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    source = enlarger(tmp_path / "net.onnx", radius=5)
    model = onnx.load(source)
    claims = replace(make_spec(8), overlap=0, multiple=64, window=4096, pixel_bytes=1)
    set_model_props(model, to_metadata(claims))
    onnx.save(model, source)
    found = read_spec(add(source, Wishes(range="0..1"), quiet).path)
    assert (found.scale, found.multiple, found.window) == (2, 1, 0)
    assert found.overlap >= 5
    assert found.pixel_bytes >= PIXEL_BYTES


def test_what_is_shown_of_a_model_stays_on_its_line() -> None:
    """The name of the file that it was made of may have any characters."""
    assert _text("/home/a/\x1b[2J\nnet.onnx") == r"/home/a/\x1b[2J\nnet.onnx"
