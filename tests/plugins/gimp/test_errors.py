"""A failure changes nothing, and its message is one line that says how to fix it."""

from pathlib import Path

import pytest

from tests.plugins.gimp.conftest import Program

pytestmark = pytest.mark.slow  # a whole GIMP, in a chroot

SCRIPT = """
image = blank(20, 10)
(layer,) = image.get_layers()
assert "nothing is selected" in error(image, part="selection")
assert "exactly one layer" in error(image, layer, layer, part="layer")
layer.set_lock_content(True)
for part in ("image", "layer"):
    assert "unlock" in error(image, part=part, result="replace")
layer.set_visible(False)
assert "no layer is visible" in error(image, part="image")

image = blank(20, 10)
group = Gimp.GroupLayer.new(image)
image.insert_layer(group, None, 0)
assert "layer group" in error(image, group, part="layer")
assert "smaller scale" in error(blank(9000, 1), scale=64.0)

message = error(image, model="nosuch")
assert "nosuch" in message and "espcn" in message, message
assert str(folder) not in message

record = folder / "profile/plug-ins/sr-batch/command.txt"
before = record.read_bytes()
record.write_bytes(b"/nowhere/sr-batch")
message = error(image)
assert "/nowhere/sr-batch" in message and "sr-batch plugin install gimp" in message, message
record.unlink()
assert "sr-batch plugin install gimp" in error(image)
record.write_bytes(before)
"""


@pytest.fixture(scope="module")
def left(gimp: Program) -> list[Path]:
    """The files in the temporary folder after all failures."""
    gimp.run(SCRIPT)
    return list(gimp.temporary.glob("sr-batch*"))


def test_reports_failures_and_leaves_no_files(left: list[Path]) -> None:
    assert left == []
