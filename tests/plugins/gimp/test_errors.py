"""What cannot be done is said in one line that names the way out, and changes nothing."""

from pathlib import Path

import pytest

from tests.plugins.gimp.conftest import Program

pytestmark = pytest.mark.slow  # a whole GIMP, in a chroot

SCRIPT = """
image = blank(20, 10)
(layer,) = image.get_layers()
assert "nothing is selected" in error(image, part="selection")
assert "not one active layer" in error(image, layer, layer, part="layer")
layer.set_lock_content(True)
for part in ("image", "layer"):
    assert "unlock" in error(image, part=part, result="replace")
layer.set_visible(False)
assert "no layer is visible" in error(image, part="image")

image = blank(20, 10)
group = Gimp.GroupLayer.new(image)
image.insert_layer(group, None, 0)
assert "group" in error(image, group, part="layer")
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
    """What lies in the temporary folder once all has failed."""
    gimp.run(SCRIPT)
    return list(gimp.temporary.glob("sr-batch*"))


def test_says_what_is_wrong_and_leaves_nothing(left: list[Path]) -> None:
    assert left == []
