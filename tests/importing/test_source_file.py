from hashlib import sha256
from pathlib import Path

import pytest

from sr_batch.importing import source_file
from sr_batch.importing.source_file import content_of
from tests.importing.foreign import enlarger, external
from tests.importing.hostile.beside import CASES
from tests.importing.hostile.case import Case
from tests.importing.ncnn.files import plain_stack, write_network


def test_the_content_of_a_single_file_is_its_sha256(tmp_path: Path) -> None:
    path = enlarger(tmp_path / "a.onnx")
    assert content_of(path) == sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("location", ["a.data", "n" * 140])
@pytest.mark.parametrize("chunk", [64, 1 << 20])
def test_weights_beside_an_onnx_file_belong_to_its_content(
    tmp_path: Path, location: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that was trained further has the same .onnx, and other weights beside it."""
    monkeypatch.setattr(source_file, "_CHUNK", chunk)
    path = external(tmp_path / "a.onnx", location)
    before = content_of(path)
    (tmp_path / location).write_bytes(bytes(1296))
    assert content_of(path) != before


def test_both_files_of_ncnn_belong_to_its_content(tmp_path: Path) -> None:
    path = write_network(tmp_path, plain_stack().lines)
    before = content_of(path)
    assert content_of(path.with_suffix(".bin")) == before
    path.with_suffix(".bin").write_bytes(b"other")
    assert content_of(path) != before


OUTSIDE = [case for case in CASES if "outside" in case.words]


@pytest.mark.parametrize("case", OUTSIDE, ids=lambda case: case.name)
def test_weights_outside_the_folder_are_not_read(tmp_path: Path, case: Case) -> None:
    path = case.make(tmp_path)
    assert content_of(path) == sha256(path.read_bytes()).hexdigest()
