import json
import shutil
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from sr_batch.bench.quality import Score
from sr_batch.core.model_spec import ModelSpec
from sr_batch.inference.model_card import read_card
from sr_batch.inference.model_catalog import find_models
from sr_batch.inference.onnx_session import read_spec
from training.models import MODELS
from training.recipes import RECIPES
from training.recipes.recipe import Recipe, at_each_scale
from training.release.model_card import Facts, Pictures, describe_again, speed_class, write_card
from training.release.training_section import training_section
from training.run.record import Leg, Record
from training.run.record import Pictures as Images

EXPORTED = Path(__file__).parents[3] / "exported"
SPEC = ModelSpec(
    name="edsr",
    arch="edsr",
    scale=2,
    color="rgb",
    multiple=1,
    receptive_field=73,
    overlap=12,
    precision="fp32",
    protocol="PSNR-Y on luma",
    licence="CC BY-SA 4.0",
    data="Photographs of cats",
    commit="abc123",
    scores={"Set5": (37.512, 0.9581), "Urban": (31.0, 0.9)},
)
FACTS = Facts(
    parameters=1_234_567,
    gmacs_720p=316.2,
    lr_megapixels_per_second=0.03,
    processor="x86_64",
    parity=2e-6,
    bytes=5 << 20,
    fp32={"Set5": (37.55, 0.9582), "Urban": (31.01, 0.9)},
    bicubic={"Set5": Score(33.661, 0.9299), "Urban": Score(26.0, 0.8)},
)


def card_of(folder: Path, spec: ModelSpec, recipe: Recipe) -> str:
    card = folder / "edsr_x2.md"
    pictures = Pictures(folder / "edsr_x2.png", folder / "edsr_x2.jpg")
    training = training_section(recipe)
    write_card(card, spec, MODELS["edsr"].about, training, FACTS, pictures)
    return card.read_text(encoding="utf-8")


def test_a_card_has_figures_paper_data_licence_and_pictures(tmp_path: Path) -> None:
    text = card_of(tmp_path, SPEC, RECIPES["edsr_x2"])
    assert text.startswith(
        "# edsr x2\n\n- For: clean pictures; slower than balanced\n- Speed: slow\n\n"
    )
    assert "| Set5 | 33.66 / 0.9299 | 37.51 / 0.9581 | 37.99 |" in text
    assert "| Urban | 26.00 / 0.8000 | 31.00 / 0.9000 | - |" in text
    for fact in ("Lim et al.", "cats", "CC BY-SA 4.0", "PSNR-Y on luma", "abc123", "1235 thousand"):
        assert fact in text
    assert "bound of `--verify`: at least 20 dB" in text
    assert "![curve](edsr_x2.png)" in text
    assert "(edsr_x2.jpg)" in text


def test_a_card_of_int8_tells_what_the_rounding_costs(tmp_path: Path) -> None:
    recipe = replace(RECIPES["edsr_x2"], quantized=True, unrounded=("body.16",))
    recipe = replace(recipe, rates={"body.1": 0.1})
    text = card_of(tmp_path, replace(SPEC, precision="int8"), recipe)
    assert text.startswith("# edsr x2, int8\n")
    assert "Loss against fp32 in dB: 0.038 (Set5), 0.010 (Urban)." in text
    assert "Some layers had a fraction of the learning rate: 0.1 in `body.1`." in text
    assert "Trained with the rounding of the int8 file." in text
    assert "Kept in float besides the first and the last layer: `body.16`." in text


def test_a_card_of_untrained_int8_tells_how_its_weights_were_trained(tmp_path: Path) -> None:
    recipe = replace(RECIPES["edsr_x2"], iterations=0, quantized=True, unrounded=("body.16",))
    text = card_of(tmp_path, replace(SPEC, precision="int8"), recipe)
    assert "The weights of `edsr_x2_start`, rounded without further training.\nKept in" in text
    assert "How `edsr_x2_start` was trained: 12000 iterations of Adam" in text


def test_a_card_names_a_teacher_from_outside_and_what_clean_patches_learned() -> None:
    text = training_section(RECIPES["photo_x4"])
    assert "The target was the output of RealESRGAN_General_WDN_x4_v3" in text
    assert "1 of 4 patches stayed clean" in text
    assert "0.2 l1 against the original was added" in text


def test_a_card_names_the_patterns_that_were_added() -> None:
    assert "150 patterns" in training_section(RECIPES["photo_x4_fourth"])
    assert "patterns" not in training_section(RECIPES["photo_x4"])


def test_a_card_says_what_ran_and_not_what_was_planned() -> None:
    recipe = replace(RECIPES["espcn_x2"], iterations=3000, init="/home/ann/theirs.pth")
    legs = (Leg(0, "abc", replace(recipe, lr=0.5, clip=0.25)), Leg(40, "def", recipe))
    text = training_section(recipe, Record(legs, Images({"cats": 12}, 0.8), 80, 60))
    assert text.startswith("80 of 3000 planned iterations of Adam (0.9, 0.99), learning rate ")
    assert "Iterations 0 to 40 ran with other settings: lr 0.5, clip 0.25." in text
    assert "These are the weights of iteration 60, the best of the run by its PSNR." in text
    assert "Started from the weights of `theirs.pth`." in text
    assert "/home" not in text
    whole = Record((Leg(0, "abc", recipe),), Images({"cats": 12}, 0.8), 3000, 3000)
    assert training_section(recipe, whole) == training_section(recipe)


def test_a_card_says_what_a_report_recipe_leaves_out() -> None:
    text = training_section(RECIPES["refiner_x4_report"])
    assert "Adam (0.9, 0.999), learning rate 0.0001" in text
    assert "gradient clipped at 1, weights not averaged; random rotations by 90 degrees." in text
    assert "(orthogonal)" in training_section(RECIPES["espcn_x3_report"])


def test_a_card_claims_no_warm_up_that_did_not_happen() -> None:
    recipe = RECIPES["srcnn_deep_x2_report"]
    assert "learning rate 1e-06, halved after 3" in training_section(recipe)
    assert "learning rate 1e-06, halved after 3" in training_section(replace(recipe, warmup=200))
    held = replace(recipe, warmup=200, schedule="cosine")
    assert "learning rate 1e-06 after 200 of warm-up, cosine" in training_section(held)


def test_every_exported_card_has_the_training_section_of_a_recipe() -> None:
    runs = [each for recipe in RECIPES.values() for each in at_each_scale(recipe)]
    sections = {(r.model, r.scale, r.quantized): set[str]() for r in runs}
    for run in runs:
        sections[run.model, run.scale, run.quantized].add(training_section(run))
    cards = sorted(EXPORTED.glob("*.md"))
    assert cards
    for card in cards:
        spec = read_spec(card.with_suffix(".onnx"))
        text = card.read_text(encoding="utf-8")
        written = text.partition("## Training\n\n")[2].partition("\n\n![curve]")[0]
        assert written in sections[spec.arch, spec.scale, spec.precision == "int8"], card.name


CARDS = sorted(EXPORTED.glob("*.md"))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_every_exported_card_says_what_the_source_says(card: Path, tmp_path: Path) -> None:
    """To write it again: python -m training describe."""
    for path in (card, card.with_suffix(".onnx")):
        shutil.copy(path, tmp_path)
    describe_again(tmp_path / card.name)
    assert (tmp_path / card.name).read_text() == card.read_text()


def test_describes_again_and_keeps_what_was_measured(tmp_path: Path) -> None:
    for suffix in (".md", ".onnx"):
        shutil.copy(EXPORTED / f"fast_x2{suffix}", tmp_path)
    path = tmp_path / "fast_x2.md"
    text = path.read_text()
    about = MODELS["fast"].about
    stale = text.replace(about.limits, "None.").replace("- Speed: fast\n", "")
    path.write_text(stale.replace("- For: speed, in color\n\n", ""))
    describe_again(path)
    assert path.read_text() == text


def test_the_class_of_speed_is_that_of_the_measured_time() -> None:
    """As a multiple of the time of espcn, over all scales and processors of the baseline."""
    baseline = json.loads((EXPORTED.parent / "benchmarks/baseline.json").read_text())
    rows = {name: row["speed"] for name, row in baseline["networks"].items()}
    files = [model for model in find_models() if model.precision == "fp32"]
    for family in {model.name for model in files}:
        times = [
            speeds[f"espcn_x{model.scale}"] / speeds[model.path.stem]
            for speeds in (rows, *baseline["elsewhere"].values())
            for model in files
            if model.name == family and speeds.get(model.path.stem)
        ]
        low, high = {"fast": (0, 1.5), "medium": (1.5, 4), "slow": (4, 100)}[
            read_card(next(m.path for m in files if m.name == family)).speed
        ]
        assert not times or low <= median(times) < high, family


def test_a_class_of_speed_does_not_depend_on_the_scale() -> None:
    assert [speed_class(gmacs, scale) for gmacs, scale in ((48, 2), (116, 2), (285, 2))] == [
        "fast",
        "medium",
        "slow",
    ]
    assert [speed_class(gmacs, 4) for gmacs in (12, 30, 75)] == ["fast", "medium", "slow"]
