"""``sr-batch tune`` on the smallest network."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sr_batch.cli import app
from sr_batch.inference.model_catalog import choose
from sr_batch.upscaling import calibration, tile_tuning
from sr_batch.upscaling.tile_tuning import TileSetting, keep
from tests.cli.conftest import ENVIRONMENT, Tool


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(ENVIRONMENT, "XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/sr-batch/layouts"


def test_measures_and_saves_the_fastest_layout(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a small picture and a part of the settings, once each: all of it takes half a minute."""
    monkeypatch.setattr(tile_tuning, "SIDES", (64,))
    monkeypatch.setattr(tile_tuning, "ROUNDS", 1)
    monkeypatch.setattr(calibration, "_LEAST", 96)
    monkeypatch.setattr(calibration, "_MOST", 96)
    network = Path(__file__).parents[2] / "exported/espcn_x2.onnx"
    run = CliRunner().invoke(app, ["tune", str(network)], catch_exceptions=False)
    assert run.exit_code == 0
    (line,) = run.stdout.splitlines()
    assert line.startswith("espcn x2: ")
    kept = len(list(cache.rglob("*.json")))
    assert kept == (0 if "defaults are the fastest" in line else 1)
    assert "--forget goes back" in run.stderr


def test_forget_returns_to_the_defaults(tool: Tool, cache: Path) -> None:
    """In every precision, because `upscale` chooses one of them by the device."""
    for precision in ("fp32", "int8"):
        keep(choose("espcn", precision)[2].path, TileSetting(64))
    assert len(list(cache.iterdir())) == 2
    run = tool("tune", "--forget", "espcn")
    assert list(cache.iterdir()) == []
    assert run.out.decode().splitlines() == [
        f"espcn x{scale}: back to the defaults" for scale in (2, 3, 4)
    ]


def test_an_unknown_network_is_a_usage_error(tool: Tool) -> None:
    run = tool("tune", "esdr")
    assert run.code == 2
    assert "did you mean edsr?" in run.err
