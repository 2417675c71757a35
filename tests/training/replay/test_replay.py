"""The command ``replay``: what it trains on, what it writes, and what it refuses."""

import re
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from sr_batch.core.errors import UsageError
from sr_batch.inference.model_catalog import choose
from sr_batch.inference.session import Session
from tests.training.conftest import draw_photograph
from training import cli
from training.evaluate.measured import Measured, SetResult
from training.evaluate.protocol import DEFAULT
from training.evaluate.restore import Row
from training.models import BadConfig, configure
from training.recipes import RECIPES
from training.replay.chain import Outcome, drawn_in
from training.replay.description import ANY, exported_of, pictures_of
from training.replay.drawing import LARGEST, _save_small, _with_few_rows
from training.replay.gathering import SIDE, Material, all_pictures, few_pictures
from training.replay.page import _captions, _side_by_side, _verdicts, _warnings
from training.replay.plans import PATCH, Extent, plan_of
from training.replay.student_reports import REPORTS, B, C, D, E
from training.report.subject import Subject
from training.run.networks import Opened

ROOT = Path(__file__).parents[3]
EXPORTED = choose("espcn")[2].path.parent


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Image sets of which every report takes a stand-in or its own pictures."""
    root = tmp_path_factory.mktemp("sets")
    folders = ("train-tight", "train-more", "train-full", "valid")
    for name in (*folders, "eval/Set5", "eval/Set14", "eval/BSD100"):
        (root / name).mkdir(parents=True)
        for seed in range(3):
            Image.fromarray(draw_photograph(seed, SIDE + 20)).save(root / name / f"{seed}.png")
    return root


def outcome(letter: str, gains: dict[str, tuple[float, float]], extent: Extent) -> Outcome:
    """What a replay would have found if its networks had these PSNRs: bicubic's and their own."""
    session = cast(Session, None)
    subjects = []
    for name, (bicubic, network) in gains.items():
        row = Measured("one", {"psnr": bicubic, "ssim": 0.5}, {"psnr": network, "ssim": 0.6})
        result = SetResult(name, 3, "set", DEFAULT, [row])
        subjects.append(Subject(Opened(name, session, 1), {}, result, {"one": cast(Row, None)}))
    material = Material(Path(), ANY.data, [], ANY)
    return Outcome(REPORTS[letter], extent, material, {}, subjects, None)


@pytest.mark.parametrize("letter", REPORTS)
def test_every_report_names_recipes_of_one_scale_and_a_shipped_network(letter: str) -> None:
    report = REPORTS[letter]
    scales = {RECIPES[name].scale for name in report.recipes}
    assert len(scales) == 1
    assert report.best.endswith(f"_x{scales.pop()}")
    assert all((EXPORTED / f"{name}.onnx").is_file() for name in exported_of(report))
    assert {claim.recipe for claim in report.claims} - {""} == set(report.recipes)


@pytest.mark.parametrize("letter", REPORTS)
def test_a_short_plan_is_small_and_valid(letter: str) -> None:
    report = REPORTS[letter]
    for name in report.recipes:
        plan = plan_of(name, report, ANY.data, Extent(is_short=True))
        configure(plan.model, plan.scale, plan.model_options)
        assert (plan.iterations, plan.epochs) == (4, 0)
        assert all(stage.batch <= 2 and stage.patch * plan.scale <= PATCH for stage in plan.stages)


def test_a_given_length_changes_nothing_else() -> None:
    whole = plan_of("espcn_x3_report", E, ANY.data, Extent())
    assert whole == replace(RECIPES["espcn_x3_report"], data=ANY.data)
    cut = plan_of("espcn_x3_report", E, ANY.data, Extent(iterations=70))
    assert cut == replace(whole, epochs=0, iterations=70)
    assert (Extent(iterations=70).every, Extent(iterations=9000).every) == (7, 500)
    assert Extent(iterations=70, checkpoints=35).every == 35
    small = plan_of("espcn_x3_report", E, ANY.data, Extent(settings=("stages.batch=2",)))
    assert small == replace(whole, stages=(replace(whole.stages[0], batch=2),))


def test_a_setting_may_be_for_one_network() -> None:
    settings = ("stages.batch=2", "vdsr_x4_report:iterations=30", "vdsr_x4_report:lr=1e-3")
    extent = Extent(iterations=70, settings=settings)
    vdsr, srcnn = (plan_of(f"{name}_x4_report", C, ANY.data, extent) for name in ("vdsr", "srcnn"))
    assert [each.stages[0].batch for each in (vdsr, srcnn)] == [2, 2]
    assert [(each.iterations, each.lr) for each in (vdsr, srcnn)] == [(30, 1e-3), (70, 1e-4)]
    assert "70 iterations unless a changed field says" in next(_warnings(outcome("C", {}, extent)))
    with pytest.raises(BadConfig, match="report C has no recipe vdsr; it has srcnn_x4_report"):
        plan_of("srcnn_x4_report", C, ANY.data, Extent(settings=("vdsr:lr=1",)))


def test_takes_the_pictures_of_the_report_first_and_any_others_last(tmp_path: Path) -> None:
    assert pictures_of(C, tmp_path) is ANY
    (tmp_path / "train-tight").mkdir()
    assert pictures_of(C, tmp_path).is_stand_in
    (tmp_path / "report-c").mkdir()
    assert not pictures_of(C, tmp_path).is_stand_in
    with pytest.raises(UsageError, match="is not a folder; --data"):
        pictures_of(C, tmp_path / "none")


def test_measures_the_sets_of_the_report_or_what_the_split_leaves(sets: Path) -> None:
    of_sets = all_pictures(pictures_of(B, sets), sets, 3, 33)
    assert {path.parent.name for path in of_sets.judged} == {"Set5", "Set14", "BSD100"}
    few = all_pictures(pictures_of(B, sets), sets, 3, 33, most=1)
    assert [path.name for path in few.judged] == ["0.png"] * 3
    choice = replace(pictures_of(D, sets), data=replace(ANY.data, split=(1, 1), order="index"))
    left = all_pictures(choice, sets / "train-tight", 4, 96)
    assert [path.name for path in left.judged] == ["2.png"]


def test_a_short_run_takes_the_middle_of_a_few_pictures(sets: Path, tmp_path: Path) -> None:
    material = few_pictures(pictures_of(E, sets), sets, tmp_path)
    assert len(material.judged) == 2
    written = np.asarray(Image.open(tmp_path / "train" / "0.png"))
    whole = np.asarray(Image.open(sets / "train-full" / "0.png"))
    assert np.array_equal(written, whole[10 : 10 + SIDE, 10 : 10 + SIDE])


def test_figures_show_pictures_that_may_be_redistributed() -> None:
    assert {path.stem for path in drawn_in(Extent())} == {"astronaut", "chelsea", "coffee"}
    assert not drawn_in(Extent(is_short=True))


def test_many_networks_show_fewer_pictures_each() -> None:
    (subject,) = outcome("C", {"edsr_x4": (25.0, 30.5)}, Extent()).subjects
    three = replace(subject, rows=dict.fromkeys(("a", "b", "c"), cast(Row, None)))
    assert [[*each.rows] for each in _with_few_rows([three, three], 2)] == [["a", "b"]] * 2
    assert [*_with_few_rows([three], 0)[0].rows] == ["a"]


def test_figures_stay_small(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (700, 900, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "figure.png")
    _save_small(tmp_path / "figure.png", tmp_path / "figure.jpg")
    assert 0 < (tmp_path / "figure.jpg").stat().st_size <= LARGEST


def test_the_page_warns_of_short_runs_and_stand_ins_first() -> None:
    short = list(_warnings(outcome("B", {}, Extent(is_short=True))))
    assert "short run. Its figures mean nothing" in short[0]
    assert "Stand-in pictures" in short[1]
    cut = Extent(iterations=1200, settings=("lr=1e-3",))
    warning = next(_warnings(outcome("B", {}, cut)))
    assert "for 1,200 iterations; changed fields: `lr=1e-3`." in warning


def test_claims_stand_beside_what_is_measured() -> None:
    gains = {
        "srcnn_x3_report": (25.0, 24.5),
        "srcnn_x3": (25.0, 25.2),
        "edsr_x3": (25.0, 26.0),
    }
    found = outcome("B", gains, Extent())
    table = _side_by_side(found)
    assert "| 25.137 dB / .7064 | 24.500 dB / 0.6000 | 25.200 dB / 0.6000 |" in table
    assert "| bicubic | 25.741 dB / .7293 | 25.000 dB / 0.5000 | - |" in table
    assert "`edsr_x3` | - | - | 26.000 dB" in table
    assert "`srcnn_x3_report`: 0.50 dB below the line of 25.00 dB" in _verdicts(found)


def test_the_comparison_is_judged_by_its_own_line() -> None:
    found = outcome("C", {"edsr_x4": (25.0, 30.5)}, Extent())
    assert _verdicts(found) == "- `edsr_x4`: 0.50 dB above the line of 30.00 dB"


def test_captions_of_the_report_stand_beside_those_of_other_pictures() -> None:
    lines = _captions(outcome("E", {"edsr_x3": (25.0, 26.0)}, Extent())).splitlines()
    assert len(lines) == 2 + len(E.captions)
    assert lines[2] == "| 24.43 -> 25.34 (+0.91) | one | 25.00 -> 26.00 (+1.00) |"
    assert lines[4] == "| 34.95 -> 34.90 (-0.05) | - | - |"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["F"], "no report is called F; there are A, B, C, D, E, and all"),
        (["B", "--short", "--iterations", "9"], "exclude each other"),
        (["B", "--data", "no-such-folder"], "no-such-folder: is not a folder; --data names"),
        (["B", "--exported", "none"], "none/srcnn_x3.onnx: does not exist; --exported names"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", ["training", "replay", *arguments])
    with pytest.raises(SystemExit) as ending:
        cli.main()
    assert ending.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


@pytest.mark.slow
def test_all_reports_are_replayed(
    sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    arguments = ["replay", "all", "--short", "--data", str(sets), "-o", str(tmp_path / "pages")]
    arguments += ["--exported", str(EXPORTED), "--runs", str(tmp_path / "runs")]
    result = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    for letter in REPORTS:
        page = (tmp_path / "pages" / f"{letter}.md").read_text(encoding="utf-8")
        assert "short run. Its figures mean nothing" in page.splitlines()[2]
        drawn = re.findall(r"!\[[^]]*\]\((\S+)\)", page)
        assert {f"{letter.lower()}/{name}.png" for name in ("psnr", "curves")} < set(drawn)
        assert all((tmp_path / "pages" / name).stat().st_size <= LARGEST for name in drawn)
        assert all(f"`{name}`: 4 iterations" in page for name in REPORTS[letter].recipes)
    assert not (tmp_path / "runs").exists()
