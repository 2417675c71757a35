"""The examples of docs/python.md, as one program."""

import re
from pathlib import Path

import pytest
from PIL import Image as Pillow

from tests.fakes import save_picture

TEXT = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("here")
def test_the_documented_examples_work(capsys: pytest.CaptureFixture[str]) -> None:
    save_picture(Path("portrait.jpg"), size=(30, 20))
    save_picture(Path("holiday/beach.png"), size=(30, 20))
    save_picture(Path("large.jpg"), size=(400, 300))
    program = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    exec(compile(program.replace("width=3000", "width=60"), "python.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert "100%" in said
    assert "done portrait.jpg large/portrait.jpg" in said
    assert said[-1] == "stopped"
    with Pillow.open("portrait_x2.png") as larger:
        assert larger.size == (60, 40)
