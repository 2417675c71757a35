"""``sr-batch tune`` on the smallest network."""

from pathlib import Path

import pytest

from sr_batch.inference.model_catalog import choose
from sr_batch.upscaling.tile_tuning import TileSetting, keep
from tests.cli.conftest import ENVIRONMENT, Tool


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(ENVIRONMENT, "XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/sr-batch/layouts"


def test_measures_and_saves_the_fastest_layout(tool: Tool, cache: Path) -> None:
    run = tool("tune", str(Path(__file__).parents[2] / "exported/espcn_x2.onnx"))
    (line,) = run.out.decode().splitlines()
    assert run.code == 0
    assert line.startswith("espcn x2: ")
    kept = len(list(cache.rglob("*.json")))
    assert kept == (0 if "defaults are the fastest" in line else 1)
    assert "--forget goes back" in run.err


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
