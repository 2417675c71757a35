"""Which folder takes the outputs of an input folder without ``-o``."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from sr_batch.batch.default_folder import DefaultFolders
from sr_batch.batch.output_ledger import Ledger
from sr_batch.batch.planning import plan_jobs
from sr_batch.core.options import UpscaleOptions
from tests.fakes import FakeUpscaler
from tests.runs import OPTIONS, count, digest, go, photos, tree

pytestmark = pytest.mark.usefixtures("here")

X2, X4 = UpscaleOptions(scale=2), UpscaleOptions(scale=4)


def model(name: str) -> FakeUpscaler:
    upscaler = FakeUpscaler(recipe=name)
    upscaler.model = name
    return upscaler


def width(name: str) -> int:
    with Pillow.open(name) as picture:
        return picture.width


def test_another_size_gets_its_own_folder(originals: dict[Path, str]) -> None:
    photos(2)
    go("in")
    originals.update({path: digest(path) for path in Path("in_sr").glob("*.png")})
    for expected in ("done", "skipped"):
        said: list[str] = []
        results = go("in", upscaler=FakeUpscaler(4, "x4"), options=X4, said=said)
        assert count(results) == {expected: 2}
        assert said == [
            "in_sr already holds x2 enlargements by nearest, so the x4 enlargements by nearest go"
            " to in_x4_nearest; to choose another folder, give -o"
        ]
    assert width("in_x4_nearest/0.png") == 24
    assert count(go("in", options=X2)) == {"skipped": 2}


def test_another_network_gets_its_own_folder(originals: dict[Path, str]) -> None:
    photos(1)
    go("in", upscaler=model("a"))
    originals[Path("in_sr/0.png")] = digest(Path("in_sr/0.png"))
    said: list[str] = []
    assert count(go("in", upscaler=model("b"), said=said)) == {"done": 1}
    assert tree("in_x2_b") == ["0.png"]
    assert said == [
        "in_sr already holds x2 enlargements by a, so these, by b, go to in_x2_b;"
        " to add to in_sr, give --model a"
    ]


@pytest.mark.parametrize(
    ("owner", "given", "advice"),
    [
        ("auto", {"strength": 0.5}, "leave out --strength"),
        ("auto", {"model": "photo"}, "give --model auto"),
        ("photo", {"strength": 0.5}, "leave out --strength and give --model photo"),
        ("photo-0.5", {}, "give --strength 0.5"),
        ("photo-0.5", {"model": "edsr"}, "give --model photo --strength 0.5"),
        ("photo-0.5", {"strength": 0.7}, "give --strength 0.5"),
    ],
)
def test_says_which_options_take_the_network_of_the_folder(
    owner: str, given: dict[str, Any], advice: str
) -> None:
    photos(1)
    go("in", upscaler=model(owner))
    said: list[str] = []
    go("in", upscaler=model("other"), options=UpscaleOptions(**given), said=said)
    assert said[0].endswith(f"; to add to in_sr, {advice}")


def test_other_settings_stay_in_the_folder() -> None:
    photos(1)
    go("in")
    assert count(go("in", options=UpscaleOptions(metadata="strip"), said=[])) == {"done": 1}
    assert sorted(path.name for path in Path().iterdir()) == ["in", "in_sr"]


def test_a_folder_that_is_named_takes_any_size() -> None:
    photos(1)
    go("in")
    upscaler = FakeUpscaler(4, "x4")
    assert count(go("in", output="in_sr", upscaler=upscaler, options=X4, said=[])) == {"done": 1}
    assert width("in_sr/0.png") == 24


@pytest.mark.parametrize("template", ["{stem}_{model}_{scale}", "{stem}_{width}_{model}"])
def test_names_that_state_size_and_network_share_the_folder(template: str) -> None:
    photos(1)
    for upscaler, scale in ((FakeUpscaler(), 2), (FakeUpscaler(4, "x4"), 4)):
        go("in", upscaler=upscaler, options=UpscaleOptions(scale=scale, name=template))
    assert len(tree("in_sr")) == 2


def test_names_that_state_the_size_alone_do_not_mix_networks() -> None:
    photos(1)
    options = UpscaleOptions(name="{stem}_{scale}")
    go("in", upscaler=model("a"), options=options)
    go("in", upscaler=model("b"), options=options, said=[])
    assert tree("in_sr") == ["0_2.png"]
    assert tree("in_x2_b") == ["0_2.png"]


def test_a_plan_alone_and_a_run_without_records_claim_nothing() -> None:
    photos(1)
    plan_jobs(["in"], None, OPTIONS, "nearest")
    plan_jobs(["in"], None, UpscaleOptions(record=False), "nearest", claim=True)
    assert sorted(path.name for path in Path().iterdir()) == ["in"]
    assert count(go("in", upscaler=FakeUpscaler(4, "x4"), options=X4)) == {"done": 1}
    assert width("in_sr/0.png") == 24


def test_a_run_that_loses_the_race_for_the_folder_takes_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another run claims it between the look and the claim."""
    photos(1)
    claim = DefaultFolders.claim

    def claim_late(self: DefaultFolders, roots: set[Path]) -> bool:
        Ledger(Path("in_sr"), pytest.fail).claim("_x2_edsr")
        return claim(self, roots)

    monkeypatch.setattr(DefaultFolders, "claim", claim_late)
    plan = plan_jobs(["in"], None, X4, "edsr", lambda line: None, claim=True)
    assert [str(job.target) for job in plan.jobs] == ["in_x4_edsr/0.png"]


def test_a_folder_of_an_earlier_version_belongs_to_its_default_network(
    tmp_path: Path, originals: dict[Path, str]
) -> None:
    """That version entered no owner; another default must not replace what it made."""
    photos(1)
    go("in", output="in_sr", upscaler=model("edsr"))
    originals[Path("in_sr/0.png")] = digest(Path("in_sr/0.png"))
    assert Ledger(tmp_path / "in_sr", pytest.fail).owner() is None
    said: list[str] = []
    assert count(go("in", upscaler=model("balanced"), said=said)) == {"done": 1}
    assert said == [
        "in_sr already holds x2 enlargements by edsr, so these, by balanced, go to in_x2_balanced;"
        " to add to in_sr, give --model edsr"
    ]
    assert count(go("in", upscaler=model("edsr"))) == {"skipped": 1}
    assert Ledger(tmp_path / "in_sr", pytest.fail).owner() == "_x2_edsr"


def test_says_once_that_outputs_of_another_network_are_made_again() -> None:
    """In a folder that is named with ``-o``, which takes any network."""
    photos(2)
    go("in", output="out", upscaler=model("a"))
    said: list[str] = []
    assert count(go("in", output="out", upscaler=model("b"), said=said)) == {"done": 2}
    assert said == [
        "out has outputs of another model or other settings, which are made again; to keep them,"
        " give the options that made them, or another folder with -o"
    ]
    photos(3)
    assert count(go("in", output="out", upscaler=model("b"))) == {"done": 1, "skipped": 2}
