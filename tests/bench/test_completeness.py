import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sr_batch.bench.completeness import gaps, row_gaps
from sr_batch.inference.model_catalog import ModelFile, find_models

HALVES = [model for model in find_models() if model.precision == "fp16"]
SMALLEST = min(HALVES, key=lambda model: model.path.stat().st_size)


@pytest.fixture
def copied(tmp_path: Path) -> ModelFile:
    """The smallest fp16 network and its fp32 file, with their cards and records."""
    stem = SMALLEST.path.stem.removesuffix("_fp16")
    for path in SMALLEST.path.parent.glob(f"{stem}*"):
        shutil.copy(path, tmp_path)
    path = tmp_path / SMALLEST.path.name
    return ModelFile(SMALLEST.name, SMALLEST.scale, SMALLEST.precision, path)


def remove(suffix: str) -> Callable[[Path], None]:
    return lambda path: next(path.parent.glob(f"*{suffix}")).unlink()


def rewrite(old: str, new: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        card = path.with_suffix(".md")
        card.write_text(card.read_text().replace(old, new))

    return change


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: None, None),
        (remove("_fp16.md"), "_fp16.md is missing"),
        (remove(".npz"), ".npz is missing; to create it: python -m training record"),
        (rewrite(", fp16\n", "\n"), "lacks '# "),
        (rewrite(" / 0.", " / 1."), "which is in its contract"),
        (rewrite("tile overlap ", "tile overlap 1"), "lacks 'tile overlap"),
        (lambda path: path.write_bytes(b"no network"), "cannot load it"),
    ],
)
def test_finds_missing_or_wrong_parts_of_a_network(
    copied: ModelFile, spoil: Callable[[Path], None], words: str | None
) -> None:
    spoil(copied.path)
    found = [*gaps(copied)]
    assert bool(found) == bool(words)
    assert all(words in line for line in found if words)


def test_finds_a_file_with_the_name_of_another_network(copied: ModelFile) -> None:
    other = ModelFile("other", copied.scale, copied.precision, copied.path)
    assert any(line.startswith("its contract says") for line in gaps(other))


def test_every_network_has_a_row_and_every_row_a_network(copied: ModelFile) -> None:
    stem = copied.path.stem
    assert not [*row_gaps([copied], {stem})]
    assert [name for name, _ in row_gaps([copied], set())] == [stem]
    assert [name for name, _ in row_gaps([copied], {stem, "gone_x2"})] == ["gone_x2"]
