import json

from tests.cli.conftest import Tool


def test_finds_that_sr_batch_works_here(tool: Tool) -> None:
    run = tool("doctor")
    assert run.code == 0, run.out
    assert "CPUExecutionProvider" in run.out.decode()
    assert "sr-batch works here" in run.out.decode()


def test_prints_findings_as_json(tool: Tool) -> None:
    run = tool("doctor", "--json")
    findings = [json.loads(line) for line in run.out.splitlines()]
    assert {"subject", "status", "detail", "fix"} == set(findings[0])
    status = {finding["subject"]: finding["status"] for finding in findings}
    assert status["runtime"] == "ok"
    assert status["cpu"] == "ok"
    assert "error" not in status.values()
