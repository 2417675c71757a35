"""``sr-batch cost``: a table or JSON, with the assumptions."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sr_batch.cli import app
from sr_batch.core.errors import UsageError
from tests.cli.conftest import Tool
from tests.fakes import save_picture
from tests.networks import conv_network


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["cost", *arguments])


def record(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return found


def test_measures_a_network_on_photographs(tool: Tool, tmp_path: Path) -> None:
    network = conv_network(tmp_path / "net.onnx")
    for number in range(2):
        save_picture(tmp_path / "in" / f"{number}.png", number, (40, 30))
    done = tool("cost", "in", "--models", network, "--megapixels", "12", "--device", "cpu")
    assert (done.code, done.err) == (0, "")
    head, row, blank, *assumptions = done.out.decode().splitlines()
    assert head.split()[:3] == ["MODEL", "PRECISION", "CORE-HOURS"]
    assert row.split()[1] == "fp32"
    assert float(row.split()[2].replace(",", "")) > 0
    assert (blank, len(assumptions)) == ("", 5)
    assert "as 2 of the 2 given" in assumptions[0]
    assert {path.name for path in tmp_path.iterdir()} == {"net.onnx", "in"}


def test_json_has_what_the_table_has() -> None:
    given = [
        "--mp-per-second",
        "0.5",
        "--price-per-core-hour",
        "0.3",
        "--shards",
        "4",
        "--run-cores",
        "8",
    ]
    found = record(*given, "--photographs", "1000")
    (row,) = found["rows"]
    assert row["core_hours"] == pytest.approx(1000 * 24 / 3600)
    assert row["cost"] == 2
    assert (row["gets"], row["lists"]) == (1000, 4 * 5)
    assert row["puts"] == 1000 + 50 + 100 + 4 * 5  # 50 minutes of a run
    assert (found["megapixels"], found["bytes"]) == (12, 4_800_000)
    assert len(found["assumptions"]) == 5
    gpu = record("--mp-per-second", "50", "--device", "cuda", "--megapixels", "24")
    assert gpu["rows"][0]["gpu_hours"] == pytest.approx(1e6 * 24 / 50 / 3600)
    assert gpu["rows"][0]["cost"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mp-per-second", "1", "--models", "espcn"], "cannot be combined"),
        (["--scale", "1.5"], "--scale 1.5: costs are estimated at 2, 3 or 4"),
        (["--price-per-core-hour", "-1"], "--price-per-core-hour -1: must be at least 0"),
        (["nothere"], "nothere: no such file or folder"),
        (["--models", "esdr"], "did you mean edsr?"),
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str], said: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, UsageError)
    assert said in str(error)
