import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sr_batch.cli.models import app
from sr_batch.core.errors import UnknownModel
from sr_batch.inference import model_catalog
from tests.cli.conftest import ROOT, Photo, Tool, size_of
from tests.networks import conv_network

FILES = {path.name for path in (ROOT / "exported").glob("*.onnx")}


def test_lists_every_exported_network_in_one_row(tool: Tool) -> None:
    run = tool("models", "list")
    assert run.code == 0
    head, *rows, last = run.out.decode().splitlines()
    assert {"edsr_x2.onnx", "espcn_x3.onnx"} <= FILES
    assert sorted(row.split()[0] for row in rows) == sorted({f.rpartition("_x")[0] for f in FILES})
    assert head.split() == ["NAME", "FOR", "SCALES", "SPEED", "PRECISIONS", "LICENCE"]
    assert max(map(len, rows)) <= 100
    cells = re.split(r" {2,}", next(row for row in rows if row.startswith("balanced ")))
    assert cells[2:] == ["x2 x3 x4", "medium", "fp32 fp16 int8", "CC BY-SA 4.0"]
    assert "default is auto" in last


def test_networks_for_comparison_come_last_and_say_so(tool: Tool) -> None:
    _, *rows, _ = tool("models", "list").out.decode().splitlines()
    compared = [re.split(r" {2,}", row)[1].startswith("comparison only") for row in rows]
    assert compared == sorted(compared)
    assert 0 < sum(compared) < len(rows)


def test_lists_a_network_without_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that a user has put there: what its contract says is shown."""
    monkeypatch.setattr(model_catalog, "_FOLDERS", (tmp_path,))
    conv_network(tmp_path / "mine_x2.onnx")
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 0
    assert result.output.splitlines()[1].split() == ["mine", "-", "x2", "-", "fp32", "none"]
    shown = CliRunner().invoke(app, ["show", "mine"]).output
    assert shown.startswith("mine: no card says what it is good for\n\nSCALE")


def test_a_file_that_is_no_network_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_catalog, "_FOLDERS", (tmp_path,))
    (tmp_path / "mine_x2.onnx").write_bytes(b"no network")
    with pytest.raises(UnknownModel, match=r"mine_x2\.onnx: ONNX Runtime cannot load it"):
        CliRunner().invoke(app, ["list"], catch_exceptions=False)


def test_shows_a_model_on_a_photograph(
    photo: Photo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    photo("me.png", (60, 40))
    shown = ["show", "fast", "--on", "me.png"]
    result = CliRunner().invoke(app, shown)
    assert result.output.splitlines()[-1] == (
        "me_compare.png: your pixels, x4, bicubic x4, fast x4"
    )
    assert size_of(tmp_path / "me_compare.png")[0] > 3 * 160
    again = CliRunner().invoke(app, shown)
    assert again.stderr == "me_compare.png: already done; delete it to have it made again\n"


def test_a_sheet_needs_a_photograph() -> None:
    result = CliRunner().invoke(app, ["show", "fast", "-o", "sheet.png"])
    assert (
        str(result.exception) == "-o sheet.png: give the photograph for the sheet, too: --on PHOTO"
    )


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


def test_says_what_a_network_is_good_for_and_shows_a_picture(tool: Tool) -> None:
    text = tool("models", "show", "espcn").out.decode()
    about, _, _ = text.partition("\n\n")
    assert re.findall(r"^(\w+)", about, re.MULTILINE) == [
        "for",
        "speed",
        "strengths",
        "limits",
        "picture",
    ]
    (picture,) = re.findall(r"^picture +(.+)$", about, re.MULTILINE)
    assert Path(picture).name == "espcn_x2.jpg"
    assert Path(picture).is_file()
    assert "saturated red" in " ".join(about.split())


def test_shows_a_row_for_each_file_and_the_terms_once(tool: Tool) -> None:
    text = tool("models", "show", "balanced").out.decode()
    _, files, terms = text.split("\n\n")
    head, *rows = files.splitlines()
    assert re.split(r" {2,}", head) == [
        "SCALE",
        "PRECISION",
        "PSNR ON Set5",
        "TILE OVERLAP",
        "FILE",
    ]
    assert {row.split()[-1] for row in rows} == {f for f in FILES if f.startswith("balanced_x")}
    assert re.search(r"^x2 +fp32 +3\d\.\d\d dB +\d+ +balanced_x2\.onnx$", files, re.MULTILINE)
    keys = re.findall(r"^(\w[\w ,]*?)  ", terms, re.MULTILINE)
    assert keys == ["folder", "licence", "trained on, x2", "trained on, x3", "trained on, x4"]
    assert "window_rows" not in text
    assert text.endswith("sr-batch models show balanced -v\n")


def test_shows_all_metadata_and_the_card(tool: Tool) -> None:
    run = tool("models", "show", "espcn", "-v")
    text = run.out.decode()
    assert run.code == 0
    for word in ("scale", "color", "multiple", "receptive_field", "overlap", "licence", "data"):
        assert word in text
    for file in (f"espcn_x{scale}{part}" for scale in (2, 3, 4) for part in ("", "_fp16", "_int8")):
        assert f"{file}.onnx" in text
        assert f"{file}.md" in text


def test_shows_a_single_file(tool: Tool) -> None:
    text = tool("models", "show", str(ROOT / "exported/espcn_x3_int8.onnx"), "-v").out.decode()
    assert re.findall(r"^path .*/(\w+)\.onnx$", text, re.MULTILINE) == ["espcn_x3_int8"]


def test_suggests_the_nearest_name(tool: Tool) -> None:
    run = tool("models", "show", "edrs")
    assert run.code == 2
    assert run.out == b""
    assert "edrs" in run.err
    assert "edsr" in run.err
