"""The commands of ``python -m training``, on small pictures."""

import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from sr_batch.core.errors import UsageError
from sr_batch.inference.onnx_session import read_spec
from training import cli
from training.cli.options import FEATURES
from training.data.pictures import read_rgb
from training.data.resize import crop_to_multiple, downscale
from training.recipes import RECIPES
from training.recipes.recipe import Recipe, Stage

TINY = Recipe("espcn", 2, 4, 1e-3, (Stage(1.0, 2, 12, {"l1": 1}),), {"channels": 8}, warmup=1)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("draws_pictures")
def test_trains_keeps_exports_evaluates_and_compares(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    runs, kept, exported = (tmp_path / name for name in ("runs", "kept", "exported"))
    exported.mkdir()
    places = ("--runs", str(runs), "--kept", str(kept))
    run("train", "tiny", "--data", str(data), *places, "--device", "cpu", "--threads", "1")
    assert "espcn" in (runs / "tiny" / "recipe.txt").read_text()
    for name in ("metrics.csv", "curve.png", "sheet.jpg"):
        assert (runs / "tiny" / name).stat().st_size > 20
    run("keep", "tiny", *places)
    assert (kept / "tiny.pt").exists()
    to_export = ("export", "tiny", "--data", str(data), *places, "--exported", str(exported))
    shipped = run(*to_export, "--as", "espcn")
    assert "espcn_x2: overlap" in shipped
    assert shipped.endswith(f"--model {exported / 'espcn_x2.onnx'}\n")
    with pytest.raises(UsageError, match=r"espcn_x2.onnx: exists already; .*--as NAME"):
        run(*to_export, "--as", "espcn")
    names = {f"espcn_x2.{suffix}" for suffix in ("jpg", "md", "npz", "onnx", "png")}
    names |= {"espcn_x2_fp16.md", "espcn_x2_fp16.onnx"}
    assert {path.name for path in exported.iterdir()} == names
    assert read_spec(exported / "espcn_x2.onnx").scores.keys() == {"Set5", "Set14", "BSD100"}
    assert "4 iterations of Adam" in (exported / "espcn_x2.md").read_text()
    assert (
        "1 picture, 0.0655 megapixels (1 in train-tight)" in (exported / "espcn_x2.md").read_text()
    )
    table = run("evaluate", str(exported / "espcn_x2.onnx"), "--data", str(data))
    assert table.count("espcn_x2") == 3
    page = tmp_path / "models.md"
    page.write_text("<!-- networks -->\n<!-- end of networks -->\n")
    run("compare", "--data", str(data), "--exported", str(exported), "--page", str(page))
    assert "| [`espcn`](../exported/espcn_x2.md) | x2 |" in page.read_text()
    assert "| `espcn` | speed, on luma |" in page.read_text()
    figures, card = page.read_text().partition("| `espcn` |")[0], exported / "espcn_x2.md"
    told = card.read_text()
    page.write_text(page.read_text().replace("speed, on luma", "?"))
    card.write_text(told.replace("speed, on luma", "?"))
    run("describe", "--exported", str(exported), "--page", str(page))
    assert card.read_text() == told
    assert page.read_text().startswith(f"{figures}| `espcn` | speed, on luma |")


def test_a_dry_run_of_a_file_says_what_it_would_cost_and_writes_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    (tmp_path / "mine.toml").write_text('recipe = "tiny"\nlr = 0.5\n')
    given = ("--data", str(data), "--runs", str(tmp_path / "runs"), "--device", "cpu")
    changes = ("--set", "stages.batch=3", "--iterations", "7", "--init", "none")
    text = run("train", str(tmp_path / "mine.toml"), *given, *changes, "--dry-run")
    assert text.startswith("mine:\n")
    for part in (
        "7 iterations",
        "adam, learning rate 0.5, by a cosine",
        "3 patches of 12x12 LR (24x24 HR), loss l1",
        "thousand\n",
        "for a step in each stage",
    ):
        assert part in text
    assert not (tmp_path / "runs").exists()


def test_list_describes_recipes_in_order() -> None:
    lines = run("list", "edsr_x?").splitlines()
    assert [line.split()[0] for line in lines] == ["edsr_x2", "edsr_x3"]
    assert lines[0].endswith("2,600 iterations, from edsr_x2_start [train first: edsr_x2_start]")


def test_judge_prints_a_table_and_draws_sheets(
    data: Path, features: Path, photographs: Path, tmp_path: Path
) -> None:
    given = tmp_path / "data"
    (given / "features").mkdir(parents=True)
    (given / FEATURES).symlink_to(features)
    for name in ("valid", "photos"):
        (given / name).symlink_to(photographs)
    out = tmp_path / "out"
    arguments = ("bicubic", "-o", str(out), "--data", str(given), "--count", "1", "--scale", "2")
    lines = run("judge", *arguments).splitlines()
    assert [line[:11] for line in lines[2:7]] == [f"| {kind} | bicub" for kind in "abcde"]
    assert lines[7:] == [str(out / f"judge_{kind}.png") for kind in "abcde"]
    assert all(Path(line).exists() for line in lines[7:])


def test_choose_prints_a_table_and_writes_a_listing(
    features: Path, photographs: Path, tmp_path: Path
) -> None:
    (tmp_path / "features").mkdir()
    (tmp_path / FEATURES).symlink_to(features)
    listing = tmp_path / "rows.tsv"
    sizes = ("--scale", "2", "--side", "48", "--count", "1")
    given = ("--originals", str(photographs), "--data", str(tmp_path), "--rows", str(listing))
    lines = run("choose", "bicubic", "bicubic", *sizes, *given).splitlines()
    assert lines[0] == "| kind | bicubic | auto | taken for clean |"
    assert len(lines) == 2 + 9
    assert len(listing.read_text().splitlines()) == 1 + 8


def test_a_second_process_in_a_run_folder_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    given = ["train", "tiny", "--data", str(data), "--runs", str(tmp_path), "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", ["training", *given])
    (tmp_path / "tiny").mkdir()
    with FileLock(tmp_path / "tiny" / "lock"), pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert "another process trains here; wait for it" in capsys.readouterr().err
    assert not (tmp_path / "tiny" / "recipe.txt").exists()


@pytest.mark.parametrize("kind", ["bicubic", "area", "blur", "blind"])
def test_degrade_writes_repeatable_lr_pictures(
    kind: str, photographs: Path, tmp_path: Path
) -> None:
    for turn in ("a", "b"):
        run("degrade", str(photographs), "-o", str(tmp_path / turn), "--kind", kind, "--scale", "3")
    sources = sorted(photographs.iterdir())
    for source in sources:
        lr, again = (read_rgb(tmp_path / turn / f"{source.stem}.png") for turn in ("a", "b"))
        assert lr.shape == (85, 85, 3)
        assert (lr == again).all()
        smaller = downscale(crop_to_multiple(read_rgb(source), 3), 3).permute(1, 2, 0).numpy()
        assert np.abs(lr - smaller).mean() < (0.5 if kind == "bicubic" else 25)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "nothing"), "to list all: python -m training list"),
        (("train", "espcn_y3"), "near names are espcn_x3, espcn_x"),
        (("export", "edsr_x3", "--kept", "nowhere"), "python -m training train edsr_x3"),
        (
            ("train", "edsr_x2_cpu", "--kept", "nowhere", "--runs", "none", "--data", "{data}"),
            "needs the weights of edsr_x2, which are neither in none nor in nowhere. Run first: "
            "python -m training train edsr_x2_start && python -m training train edsr_x2. Or start",
        ),
        (("bicubic", "--data", "nowhere"), "Set5: no such folder; --data names"),
        (("data", "check", "nowhere"), "nowhere: no such folder"),
        (("data", "prepare", "{data}/valid", "-o", "{data}"), "contains files already"),
        (("data", "fetch", "Set6"), "Set6: not a set that can be fetched; those are Set5, Set14"),
        (("train", "bad", "--data", "{data}"), "refiner has no x2: its scales are x4"),
        (("train", "first_x2", "--set", "lrr=1"), "a recipe has no field lrr: did you mean lr?"),
        (
            ("train", "balanced_x2_int8", "--init", "none"),
            "iterations = 0: only a recipe that starts from trained weights can have none",
        ),
        (("train", "nothing.toml"), "nothing.toml: cannot be read: No such file"),
        (("evaluate", "first_x2", "--metrics", "psnrr"), "--metrics psnrr: unknown; the metrics"),
        (
            ("evaluate", "exported/fast_x2.onnx", "--set", "Set6", "--data", "{data}"),
            "--set Set6: neither a folder nor a set in",
        ),
    ],
)
def test_user_errors_are_one_line_and_exit_code_2(
    arguments: tuple[str, ...],
    message: str,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(RECIPES, "bad", Recipe("refiner", 2, 1, 1e-3, TINY.stages))
    given = [argument.format(data=data) for argument in arguments]
    monkeypatch.setattr(sys, "argv", ["training", *given])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(20, "Not a directory", "runs/a"), "runs/a: Not a directory"),
        (OSError(28, "Full"), "Full; free some space, then run the command again"),
        (FileNotFoundError("a.pt: no such file"), "a.pt: no such file"),
    ],
)
def test_an_error_of_the_system_has_no_number(error: OSError, line: str) -> None:
    assert cli._told(error) == line
