from pathlib import Path

import pytest

from sr_batch.inference.model_card import ModelCard, read_card
from sr_batch.inference.model_catalog import ModelFile, find_models

WHOLE = """# a x2

- For: speed; in color
- Speed: fast

A title. A summary.

## Strengths and limits

It is good.

It is bad.

It is slow, too.

## Training

- For: nothing
"""


def card(folder: Path, text: str) -> ModelCard:
    (folder / "a_x2.md").write_text(text)
    return read_card(folder / "a_x2.onnx")


def test_reads_what_a_card_says(tmp_path: Path) -> None:
    assert card(tmp_path, WHOLE.replace("- For: nothing", "Adam.")) == ModelCard(
        "speed; in color", "fast", "It is good.", "It is bad.\n\nIt is slow, too."
    )


@pytest.mark.parametrize("text", ["", "# a x2\n\nMy own network.\n", "\0"])
def test_a_card_may_say_nothing(tmp_path: Path, text: str) -> None:
    assert card(tmp_path, text) == ModelCard()


def test_a_network_may_have_no_card(tmp_path: Path) -> None:
    assert read_card(tmp_path / "a_x2.onnx") == ModelCard()
    (tmp_path / "a_x2.md").write_bytes(b"\xff\xfe")
    assert read_card(tmp_path / "a_x2.onnx") == ModelCard()


@pytest.mark.parametrize("model", find_models(), ids=lambda model: model.path.stem)
def test_every_exported_card_is_complete(model: ModelFile) -> None:
    found = read_card(model.path)
    assert found.purpose
    assert len(found.purpose) <= 40
    assert found.speed in ("fast", "medium", "slow")
    assert found.strengths
    assert found.limits
