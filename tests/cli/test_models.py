import json
import re
from pathlib import Path

from tests.cli.conftest import ROOT, Tool

FILES = {path.name for path in (ROOT / "exported").glob("*.onnx")}


def test_lists_every_exported_network(tool: Tool) -> None:
    run = tool("models", "list")
    assert run.code == 0
    lines = run.out.decode().splitlines()
    assert len(lines) == 1 + len(FILES) > 1
    assert {"edsr_x2.onnx", "espcn_x3.onnx"} <= FILES
    assert {line.split()[0] for line in lines[1:]} == {file.split("_x")[0] for file in FILES}


def test_lists_them_as_json(tool: Tool) -> None:
    run = tool("models", "list", "--json")
    models = [json.loads(line) for line in run.out.splitlines()]
    assert {Path(model["path"]).name for model in models} == FILES
    assert {(m["name"], m["scale"], m["color"]) for m in models} >= {
        ("edsr", 2, "rgb"),
        ("espcn", 3, "y"),
    }


def test_lists_by_default(tool: Tool) -> None:
    assert tool("models").out == tool("models", "list").out


def test_shows_all_metadata_and_the_card(tool: Tool) -> None:
    run = tool("models", "show", "espcn")
    text = run.out.decode()
    assert run.code == 0
    for word in ("scale", "color", "multiple", "receptive_field", "overlap", "licence", "data"):
        assert word in text
    for file in (f"espcn_x{scale}{part}" for scale in (2, 3, 4) for part in ("", "_fp16", "_int8")):
        assert f"{file}.onnx" in text
        assert f"{file}.md" in text


def test_shows_a_single_file(tool: Tool) -> None:
    text = tool("models", "show", str(ROOT / "exported" / "espcn_x3_int8.onnx")).out.decode()
    assert re.findall(r"^path .*/(\w+)\.onnx$", text, re.MULTILINE) == ["espcn_x3_int8"]


def test_suggests_the_nearest_name(tool: Tool) -> None:
    run = tool("models", "show", "edrs")
    assert run.code == 2
    assert run.out == b""
    assert "edrs" in run.err
    assert "edsr" in run.err
