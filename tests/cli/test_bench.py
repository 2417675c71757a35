"""The gate as continuous integration runs it, with the smallest network and a small picture."""

import json
import shutil
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from sr_batch.bench.baseline import Selection
from sr_batch.cli.bench import choice_of
from sr_batch.inference.model_catalog import find_models
from tests.cli.conftest import ROOT, Finished, Tool, finish, start

NETWORK = "espcn_x3"
PICTURE = ROOT / "benchmarks" / "pictures" / "astronaut.png"
COMMAND = ("bench", f"{NETWORK}.onnx", "--hr", "hr", "--rounds", "1", "--baseline", "b.json")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with its card and record, a picture to judge it on, and its baseline."""
    folder = tmp_path_factory.mktemp("measured")
    for suffix in (".onnx", ".md", ".npz"):
        shutil.copy(ROOT / "exported" / f"{NETWORK}{suffix}", folder)
    (folder / "hr").mkdir()
    Image.open(PICTURE).resize((60, 60)).save(folder / "hr" / "a.png")
    run = finish(start(*COMMAND, "--update", cwd=folder))
    assert (run.code, run.err) == (0, "")
    return folder


@pytest.fixture
def network(measured: Path, tmp_path: Path) -> Path:
    """A copy of these files, for a test to break."""
    shutil.copytree(measured, tmp_path, dirs_exist_ok=True)
    return tmp_path / f"{NETWORK}.onnx"


@pytest.fixture
def baseline(network: Path) -> Path:
    return network.with_name("b.json")


def bench(tool: Tool, *more: str) -> Finished:
    return tool(*COMMAND, *more)


def change_row(baseline: Path, **values: Any) -> None:
    report = json.loads(baseline.read_bytes())
    report["networks"][NETWORK] |= values
    baseline.write_text(json.dumps(report))


@pytest.mark.alone
def test_compares_with_its_baseline_and_writes_a_report(baseline: Path, tool: Tool) -> None:
    run = bench(tool, "-o", "out")
    assert (run.code, run.err) == (0, "")
    head, row, *_, last = run.out.decode().splitlines()
    assert head.split()[:4] == ["NETWORK", "SET", "BICUBIC", "QUALITY"]
    assert row.split()[:2] == [NETWORK, "hr"]
    assert last == "no problems"
    out = baseline.parent / "out"
    assert {path.name for path in out.iterdir()} == {"bench.json", "bench.md", "bench.png"}
    assert (
        json.loads((out / "bench.json").read_bytes()).keys()
        == json.loads(baseline.read_bytes()).keys()
    )
    with Image.open(out / "bench.png") as chart:
        chart.load()


def test_finds_that_an_altered_file_has_lost_parity(
    baseline: Path, network: Path, tool: Tool
) -> None:
    """A network with slightly wrong weights loads and runs like any other."""
    model = onnx.load(network)
    weight = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * 1.01, weight.name))
    onnx.save(model, network)
    before = baseline.read_bytes()
    for update in ((), ("--update",)):
        run = bench(tool, *update)
        assert run.code == 1
        assert any(line.startswith(f"{NETWORK}: parity: ") for line in run.err.splitlines())
        assert baseline.read_bytes() == before


def test_reports_a_slow_network_after_a_second_measurement(baseline: Path, tool: Tool) -> None:
    change_row(baseline, speed=1000.0)
    run = bench(tool)
    assert run.code == 1
    assert run.err.startswith(f"{NETWORK}: speed: ")
    assert len(run.err.splitlines()) == 1


def test_compares_no_speeds_of_different_processors(baseline: Path, tool: Tool) -> None:
    change_row(baseline, speed=1000.0)
    report = json.loads(baseline.read_bytes())
    here, report["where"]["processor"] = report["where"]["processor"], "another"
    baseline.write_text(json.dumps(report))
    run = bench(tool)
    assert run.code == 0
    assert run.err == f"speeds are not compared: the baseline has none for {here}\n"
    report["elsewhere"] = {here: {NETWORK: 1000.0}}
    baseline.write_text(json.dumps(report))
    run = bench(tool)
    assert run.code == 1
    assert run.err.startswith(f"{NETWORK}: speed: ")


def test_finds_lost_quality(baseline: Path, tool: Tool) -> None:
    quality = json.loads(baseline.read_bytes())["networks"][NETWORK]["quality"]
    quality["hr"]["network"]["psnr"] += 0.03
    change_row(baseline, quality=quality)
    run = bench(tool)
    assert run.code == 1
    assert run.err.startswith(f"{NETWORK}: quality: ")


def test_finds_a_network_without_card_record_or_row(
    baseline: Path, network: Path, tool: Tool
) -> None:
    network.with_suffix(".md").unlink()
    network.with_suffix(".npz").unlink()
    report = json.loads(baseline.read_bytes())
    baseline.write_text(json.dumps(report | {"networks": {}}))
    run = bench(tool)
    assert run.code == 1
    for words in (f"{NETWORK}.md is missing", f"{NETWORK}.npz is missing", "has no row for it"):
        assert words in run.err
    assert run.out.decode().splitlines()[-1] == "problems: 4"


def test_refuses_to_compare_other_pictures(baseline: Path, tool: Tool) -> None:
    Image.new("RGB", (60, 60)).save(baseline.parent / "hr" / "a.png")
    run = bench(tool)
    assert (run.code, run.out) == (2, b"")
    assert "measured on other pictures than hr" in run.err


def test_an_update_of_one_network_keeps_the_rows_of_others(baseline: Path, tool: Tool) -> None:
    report = json.loads(baseline.read_bytes())
    report["networks"]["other_x2"] = report["networks"][NETWORK] | {"name": "other_x2"}
    baseline.write_text(json.dumps(report))
    assert bench(tool, "--update").code == 0
    assert json.loads(baseline.read_bytes())["networks"].keys() == {NETWORK, "other_x2"}


def test_an_update_of_one_network_keeps_speeds_of_two_processors_apart(
    baseline: Path, tool: Tool
) -> None:
    report = json.loads(baseline.read_bytes())
    here, report["where"]["processor"] = report["where"]["processor"], "another"
    report["networks"][NETWORK]["speed"] = 1000.0
    report["networks"]["other_x2"] = report["networks"][NETWORK] | {"name": "other_x2"}
    baseline.write_text(json.dumps(report))
    run = bench(tool, "--update")
    assert (run.code, run.err) == (0, "")
    after = json.loads(baseline.read_bytes())
    assert after["where"]["processor"] == "another"
    assert after["networks"][NETWORK]["speed"] == 1000
    assert after["networks"]["other_x2"] == report["networks"]["other_x2"]
    assert 0 < after["elsewhere"][here].pop(NETWORK) < 1000
    assert after["elsewhere"] == {here: {}}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--update",), "--baseline FILE"),
        (("--baseline", "nowhere.json"), "nowhere.json: "),
        (("--hr", "nowhere"), "nowhere: no such folder"),
        (("--rounds", "0"), "--rounds"),
        (("edrs",), "did you mean edsr?"),
    ],
)
def test_reports_a_mistake_in_one_line(tool: Tool, arguments: tuple[str, ...], words: str) -> None:
    run = tool("bench", *arguments)
    assert (run.code, run.out, len(run.err.splitlines())) == (2, b"", 1)
    assert words in run.err


def test_a_name_selects_every_scale_and_precision() -> None:
    models = find_models()
    assert choice_of([]) == Selection(models, True)
    espcn = [model for model in models if model.name == "espcn"]
    assert len(espcn) > 3
    assert choice_of(["espcn"]) == Selection(tuple(espcn), False)
    path = str(espcn[0].path)
    assert [model.path for model in choice_of([path, path]).models] == [espcn[0].path]
