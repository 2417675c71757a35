"""The systemd unit and the Dockerfile: checked by the programs that know them, and against ours."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from sr_batch.cli import app
from sr_batch.cli.config import pairs_in
from sr_batch.core.options import UpscaleOptions

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "deploy" / "sr-batch-watch@.service"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
PAGE = ROOT / "docs" / "watch.md"
PROGRAM = "/opt/sr-batch/bin/sr-batch"
MOST_EXPOSED = 20  # tenths of what systemd-analyze calls exposure; 100 is a service unconfined


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """An instance of the unit, whose program is on this machine."""
    path = tmp_path / "sr-batch-watch@studio.service"
    path.write_text(UNIT.read_text().replace(PROGRAM, "/bin/true"))
    return path


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def settings(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def watch_options(arguments: list[str]) -> dict[str, object]:
    """What ``sr-batch watch`` understands of ``arguments``; raises for what is no option."""
    command = typer.main.get_command(app).commands["watch"]  # type: ignore[attr-defined]
    assert arguments.pop(0) == "watch"
    params: dict[str, object] = command.make_context("watch", arguments).params
    return params


def test_systemd_knows_every_line_of_the_unit(unit: Path) -> None:
    assert run("systemd-analyze", "verify", "--man=no", unit) == ""


def test_the_unit_is_confined(unit: Path) -> None:
    threshold = f"--threshold={MOST_EXPOSED}"
    run("systemd-analyze", "security", "--offline=true", "--no-pager", threshold, unit)


def test_the_unit_runs_a_command_that_there_is(tmp_path: Path) -> None:
    (command,) = settings("ExecStart")
    program, *arguments = shlex.split(command.replace("/etc/sr-batch/%i.toml", str(tmp_path / "s")))
    assert program == PROGRAM
    (tmp_path / "s").write_text("[watch]\nsettle = 5.0\n")
    said = watch_options(arguments)
    assert (said["settle"], said["folder"], said["as_json"]) == (5.0, None, True)
    assert settings("Type") == ["notify"]
    assert settings("ExecReload") == ["/bin/kill -HUP $MAINPID"]


def test_a_linter_finds_nothing_in_the_dockerfile() -> None:
    assert run(Path(sys.executable).with_name("hadolint"), "--no-color", DOCKERFILE) == ""


def test_the_dockerfile_copies_what_there_is_and_no_more_reaches_it() -> None:
    text = DOCKERFILE.read_text()
    copied = {name for line in re.findall(r"^COPY (.*) \S+$", text, re.M) for name in line.split()}
    assert all((ROOT / name).exists() for name in copied)
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    assert ignored[0] == "*"


def test_the_images_run_a_watch_that_answers_their_health_check() -> None:
    text = DOCKERFILE.read_text()
    (command,) = re.findall(r"^CMD (\[.*\])$", text, re.M)
    said = watch_options(json.loads(command))
    assert said["serve"] == 9100
    assert "http://127.0.0.1:9100/healthz" in text
    stages = re.split(r"^FROM ", text, flags=re.M)
    final = [stage for stage in stages if re.search(r" AS (cpu|gpu)$", stage.splitlines()[0])]
    assert len(final) == 2
    for stage in final:
        assert stage.rstrip().endswith("USER 1000")
        assert "metrics" in stage


def test_the_settings_on_the_page_for_operators_are_settings(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    file = tmp_path / "studio.toml"
    file.write_text(block)
    command = typer.main.get_command(app).commands["watch"]  # type: ignore[attr-defined]
    context = command.make_context("watch", ["--config", str(file)])
    assert (context.params["serve"], context.params["model"]) == (9100, "edsr")
    pairs = [watch_options(["watch", *line]) for line in pairs_in(context, file)]
    usual = UpscaleOptions().quality
    assert [(pair["after"], pair["quality"]) for pair in pairs] == [("move", usual), ("keep", 90)]
