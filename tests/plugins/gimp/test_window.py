"""GIMP on a virtual screen: the menu entry, the dialog, one undo step, and Cancel."""

import pytest
from PIL import Image

from tests.plugins.chroot import ROOT
from tests.plugins.gimp.conftest import HERE, Program

pytestmark = pytest.mark.slow  # a whole GIMP, in a chroot

SETTINGS = """
(config-version "3.0.4")
(show-welcome-dialog no)
(check-updates no)
"""


def test_enlarges_undoes_and_cancels(gimp: Program) -> None:
    (gimp.profile / "gimprc").write_text(SETTINGS)
    photo, picture = gimp.folder / "chelsea.png", gimp.folder / "dialog.png"
    with Image.open(ROOT / "examples/photos/chelsea.jpg") as cat:
        cat.resize((300, 200)).save(photo)
    done = gimp.enter("/usr/bin/python3", HERE / "window.py", photo, picture)
    assert done.returncode == 0, done.stdout + done.stderr
    with Image.open(picture) as shown:
        assert len(shown.convert("RGB").getcolors(10**6) or ()) > 100
