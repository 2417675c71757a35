import json

from tests.cli.conftest import Tool


def test_finds_that_this_machine_can_work(tool: Tool) -> None:
    run = tool("doctor")
    assert run.code == 0, run.out
    assert "CPUExecutionProvider" in run.out.decode()
    assert "sr-batch can work here" in run.out.decode()


def test_reports_for_machines(tool: Tool) -> None:
    run = tool("doctor", "--json")
    findings = [json.loads(line) for line in run.out.splitlines()]
    assert {"subject", "status", "detail", "fix"} == set(findings[0])
    status = {finding["subject"]: finding["status"] for finding in findings}
    assert status["runtime"] == "ok"
    assert status["cpu"] == "ok"
    assert "error" not in status.values()
