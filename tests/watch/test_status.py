"""What ``status`` counts."""

import json
from pathlib import Path

import pytest

from sr_batch.cli.status import status
from sr_batch.core.options import UpscaleOptions
from tests.fakes import save_picture
from tests.watch.driver import Driver


@pytest.mark.usefixtures("here")
def test_a_skipped_file_is_not_done(capsys: pytest.CaptureFixture[str]) -> None:
    save_picture(Path("in/small.png"))
    save_picture(Path("in/large.png"), size=(40, 30))
    (Path("in/bad.png")).write_text("text")
    Driver(pair={"options": UpscaleOptions(long_edge=20, only_if_smaller=True)}).run(300)
    status("out")
    said = capsys.readouterr().out.splitlines()
    assert "done: 1, failed: 1, waiting: 0, skipped: 1" in said
    assert "in the last hour: 1 image, 0.0 megapixels" in said
    status("out", as_json=True)
    counts = json.loads(capsys.readouterr().out)
    assert [counts[key] for key in ("done", "failed", "waiting", "skipped")] == [1, 1, 0, 1]


@pytest.mark.usefixtures("here")
def test_a_failed_file_that_was_moved_is_shown_where_it_lies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("in").mkdir()
    Path("in/bad.png").write_text("text")
    Driver(pair={"after": "move", "options": UpscaleOptions(verify=True)}).run(300)
    here = Path.cwd()
    status("out")
    assert capsys.readouterr().out.rstrip().endswith(f"; it was moved to {here}/in_failed/bad.png")
    Path("in_failed/bad.png").unlink()
    status("out")
    assert "it was moved" not in capsys.readouterr().out


@pytest.mark.usefixtures("here")
def test_an_output_that_exists_already_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    save_picture(Path("in/a.png"))
    driver = Driver()
    driver.run(5)
    driver.watch._journal.forget([Path.cwd() / "in/a.png"])
    driver.start()
    driver.run(5)
    assert [result.status for result in driver.results] == ["done", "skipped"]
    status("out")
    assert "done: 1, failed: 0, waiting: 0, skipped: 0" in capsys.readouterr().out
