"""What continuous integration runs: the script, and the workflow that calls it elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".ci" / "run"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ALL = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def run(*command: str | Path, **environment: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "CI"} | environment
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def steps(path: Path) -> list[dict[str, Any]]:
    jobs = YAML(typ="safe").load(path)["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def targets(text: str) -> set[str]:
    return set(re.findall(r"^\s*make ([a-z-]+)", text, re.MULTILINE))


@ALL
def test_a_linter_finds_nothing_in_a_workflow(path: Path) -> None:
    linter = Path(sys.executable).with_name("check-jsonschema")
    assert "ok" in run(linter, "--builtin-schema", "vendor.github-workflows", path)


@ALL
def test_the_shell_can_read_every_step_of_a_workflow(path: Path) -> None:
    lines = [step["run"] for step in steps(path) if "run" in step]
    assert lines
    for line in lines:
        run("bash", "-n", "-c", line)


def test_the_workflow_runs_the_script_by_day_and_at_length_by_night() -> None:
    (path,) = WORKFLOWS
    lines = {step["run"]: step.get("if", "") for step in steps(path) if "run" in step}
    assert "!= 'schedule'" in lines[".ci/run"]
    assert "== 'schedule'" in lines[".ci/run --long"]


def test_the_script_calls_what_there_is_and_keeps_the_report() -> None:
    run("bash", "-n", SCRIPT)
    makefile = (ROOT / "Makefile").read_text()
    called = targets(SCRIPT.read_text())
    assert called == {"setup", "check", "test", "soak", "gate"}
    assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in called)
    (path,) = WORKFLOWS
    (kept,) = (step["with"]["path"] for step in steps(path) if "upload" in step.get("uses", ""))
    assert f"-o {kept} " in run("make", "--dry-run", "gate")


def test_the_slow_tests_run_in_ci_and_where_they_are_asked_for() -> None:
    assert re.search(r"^export CI=true\b", SCRIPT.read_text(), re.MULTILINE)
    assert '-m "not soak and not slow"' in run("make", "--dry-run", "test")
    for command in (("test", "CI=true"), ("test-all",)):
        assert '-m "not soak"' in run("make", "--dry-run", *command)
    assert '-m "not soak"' in run("make", "--dry-run", "test", CI="true")


def test_the_script_ends_with_what_the_readme_says() -> None:
    last = SCRIPT.read_text().splitlines()[-1]
    assert last == "make test"
    assert last in (ROOT / "README.md").read_text()
